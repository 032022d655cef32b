"""Whom each kind of notification is for, by the id of what happened."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, except_, func, or_, select, union
from sqlalchemy.sql.selectable import CompoundSelect

from app.accounts.models import TeamMember
from app.cases.models import Case, CaseObstacle, Hat, HatStatus, Plan, PlanStep, Question
from app.comments.models import Comment, CommentMention
from app.feed.models import Mark, Purpose
from app.notifications.models import Kind
from app.practices.models import Practice, PracticeUse

Recipients = Select[Any] | CompoundSelect[Any]


def _list_asked(question_id: UUID) -> Recipients:
    """Whoever was asked, and the owner of the case."""
    owner = select(Case.owner_id).join(Question, Question.case_id == Case.id).where(Question.id == question_id)
    return union(owner, select(Question.addressed_to_id).where(Question.id == question_id))


def _find_solver_asked(question_id: UUID) -> Recipients:
    """Nobody named means the owner."""
    return (
        select(case((Question.addressed_to_id.is_(None), Case.owner_id), else_=Question.addressed_to_id))
        .join(Question.case)
        .where(Question.id == question_id)
    )


def _find_asker(question_id: UUID) -> Recipients:
    return select(Question.asked_by_id).where(Question.id == question_id)


def _find_hat_asked(hat_id: UUID) -> Recipients:
    """Who shall wear it; for an offer the owner, who says yes or no."""
    offered = Hat.asked_by_id == Hat.user_id
    return select(case((offered, Case.owner_id), else_=Hat.user_id)).join(Hat.case).where(Hat.id == hat_id)


def _find_hat_asker(hat_id: UUID) -> Recipients:
    return select(Hat.asked_by_id).where(Hat.id == hat_id)


def _find_owner_of_plan(plan_id: UUID) -> Recipients:
    return select(Case.owner_id).join(Plan, Plan.case_id == Case.id).where(Plan.id == plan_id)


def _find_owner(case_id: UUID) -> Recipients:
    return select(Case.owner_id).where(Case.id == case_id)


def _list_participants(case_id: UUID) -> Recipients:
    plans = select(Plan.id).where(Plan.case_id == case_id)
    return union(
        select(Case.owner_id).where(Case.id == case_id),
        select(Case.author_id).where(Case.id == case_id),
        select(Hat.user_id).where(Hat.case_id == case_id, Hat.status == HatStatus.ACCEPTED),
        select(Question.asked_by_id).where(Question.case_id == case_id),
        select(Question.answered_by_id).where(Question.case_id == case_id),
        select(Plan.author_id).where(Plan.case_id == case_id),
        select(PlanStep.owner_id).where(PlanStep.plan_id.in_(plans)),
    )


def _list_concerned(case_id: UUID) -> Recipients:
    """Who took part, and who follows the case or what is in it."""
    subjects = {
        Mark.case_id: select(Case.id),
        Mark.person_id: select(Case.owner_id),
        Mark.team_id: select(Case.team_id),
        Mark.tag: select(func.lower(func.unnest(Case.tags))),
        Mark.code_id: select(CaseObstacle.code_id).join(Case, Case.id == CaseObstacle.case_id),
    }
    followed = [subject.in_(of_case.where(Case.id == case_id)) for subject, of_case in subjects.items()]
    following = select(Mark.user_id).where(Mark.purpose == Purpose.FOLLOW, or_(*followed))
    return union(_list_participants(case_id), following)


def _list_mentioned(comment_id: UUID) -> Recipients:
    """By name, or as members of a team."""
    return union(
        select(CommentMention.user_id).where(CommentMention.comment_id == comment_id),
        select(TeamMember.user_id)
        .join(CommentMention, CommentMention.team_id == TeamMember.team_id)
        .where(CommentMention.comment_id == comment_id),
    )


def _find_commented(comment_id: UUID) -> Recipients:
    """Whose case or practice it is; who is mentioned is told that."""
    owner = select(Case.owner_id).join(Comment, Comment.case_id == Case.id)
    solver = select(Practice.solver_id).join(Comment, Comment.practice_id == Practice.id)
    whose = union(*(of.where(Comment.id == comment_id) for of in (owner, solver)))
    return except_(whose, _list_mentioned(comment_id))


def _find_solver(use_id: UUID) -> Recipients:
    return (
        select(Practice.solver_id)
        .join(PracticeUse, PracticeUse.practice_id == Practice.id)
        .where(PracticeUse.id == use_id)
    )


RECIPIENTS: Mapping[Kind, Callable[[UUID], Recipients]] = {
    Kind.QUESTION: _list_asked,
    Kind.SOLVER_ASKED: _find_solver_asked,
    Kind.ANSWER: _find_asker,
    Kind.HAT_ASKED: _find_hat_asked,
    Kind.HAT_ANSWERED: _find_hat_asker,
    Kind.PLAN_PROPOSED: _find_owner_of_plan,
    Kind.PLAN_CHOSEN: _find_owner,
    Kind.OUTCOME_DUE: _find_owner,
    Kind.CASE_RESOLVED: _list_concerned,
    Kind.CASE_SHARED: _list_concerned,
    Kind.PRACTICE_USED: _find_solver,
    Kind.MENTION: _list_mentioned,
    Kind.COMMENT: _find_commented,
}
