"""Whom each kind of notification is for, by the id of what happened."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, except_, func, or_, select, union
from sqlalchemy.sql.selectable import CompoundSelect

from app.accounts.models import TeamMember, User
from app.cases.models import Case, CaseObstacle, Hat, HatStatus, Plan, PlanStep, Question
from app.comments.models import Comment, CommentMention
from app.feed.models import Mark, Purpose
from app.notifications.models import Kind
from app.practices.models import Practice, PracticeUse
from app.similar.models import SavedSearch

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


def _find_owner_of_basis(plan_id: UUID) -> Recipients:
    return select(Case.owner_id).join(Plan, Plan.basis_case_id == Case.id).where(Plan.id == plan_id)


def _find_owner(case_id: UUID) -> Select[UUID]:
    return select(Case.owner_id).where(Case.id == case_id)


def _select_followers(*followed: ColumnElement[bool]) -> Select[UUID]:
    return select(Mark.user_id).where(Mark.purpose == Purpose.FOLLOW, or_(*followed))


def _list_interested(case_id: UUID) -> Select[UUID]:
    """Who follows the case, its owner, its team, an obstacle or a tag of it."""
    obstacles = select(CaseObstacle.code_id).where(CaseObstacle.case_id == case_id)
    tags = select(func.lower(func.unnest(Case.tags))).where(Case.id == case_id)
    return _select_followers(
        Mark.case_id == case_id,
        Mark.person_id.in_(_find_owner(case_id)),
        Mark.team_id.in_(select(Case.team_id).where(Case.id == case_id)),
        Mark.code_id.in_(obstacles),
        Mark.tag.in_(tags),
    )


def _list_close(case_id: UUID) -> Recipients:
    """The owner, and who follows this very case."""
    return union(_find_owner(case_id), _select_followers(Mark.case_id == case_id))


def _list_participants(case_id: UUID) -> Recipients:
    """Who took part, and who is interested."""
    plans = select(Plan.id).where(Plan.case_id == case_id)
    return union(
        _find_owner(case_id),
        select(Case.author_id).where(Case.id == case_id),
        select(Hat.user_id).where(Hat.case_id == case_id, Hat.status == HatStatus.ACCEPTED),
        select(Question.asked_by_id).where(Question.case_id == case_id),
        select(Question.answered_by_id).where(Question.case_id == case_id),
        select(Plan.author_id).where(Plan.case_id == case_id),
        select(PlanStep.owner_id).where(PlanStep.plan_id.in_(plans)),
        _list_interested(case_id),
    )


def _find_solver(use_id: UUID) -> Recipients:
    return (
        select(Practice.solver_id)
        .join(PracticeUse, PracticeUse.practice_id == Practice.id)
        .where(PracticeUse.id == use_id)
    )


def _find_solver_of(practice_id: UUID) -> Select[UUID]:
    return select(Practice.solver_id).where(Practice.id == practice_id)


def _list_users_of(practice_id: UUID) -> Recipients:
    """Who solved it, and who follows it."""
    return union(_find_solver_of(practice_id), _select_followers(Mark.practice_id == practice_id))


def _list_keepers(practice_id: UUID) -> Recipients:
    """Who solved it, and who manages its team."""
    team = select(Practice.team_id).where(Practice.id == practice_id)
    return union(
        _find_solver_of(practice_id), select(TeamMember.user_id).where(TeamMember.leads, TeamMember.team_id.in_(team))
    )


def _list_mentioned(comment_id: UUID) -> Select[UUID]:
    """Whom the comment names, and the members of the teams it names."""
    named = or_(CommentMention.user_id == User.id, CommentMention.team_id == TeamMember.team_id)
    return (
        select(User.id)
        .outerjoin(TeamMember, TeamMember.user_id == User.id)
        .join(CommentMention, named)
        .where(CommentMention.comment_id == comment_id)
    )


def _list_listeners(comment_id: UUID) -> Recipients:
    """Whose case or practice it is on, and who follows that, besides those who are mentioned."""
    comment = Comment.id == comment_id
    listeners = union(
        select(Case.owner_id).join(Comment, Comment.case_id == Case.id).where(comment),
        select(Practice.solver_id).join(Comment, Comment.practice_id == Practice.id).where(comment),
        _select_followers(
            Mark.case_id.in_(select(Comment.case_id).where(comment)),
            Mark.practice_id.in_(select(Comment.practice_id).where(comment)),
        ),
    )
    return except_(listeners, _list_mentioned(comment_id))


def _find_searcher(search_id: UUID) -> Recipients:
    return select(SavedSearch.user_id).where(SavedSearch.id == search_id)


RECIPIENTS: Mapping[Kind, Callable[[UUID], Recipients]] = {
    Kind.CASE_POSTED: _list_interested,
    Kind.QUESTION: _list_asked,
    Kind.SOLVER_ASKED: _find_solver_asked,
    Kind.ANSWER: _find_asker,
    Kind.HAT_ASKED: _find_hat_asked,
    Kind.HAT_ANSWERED: _find_hat_asker,
    Kind.PLAN_PROPOSED: _find_owner_of_plan,
    Kind.PLAN_CHOSEN: _list_close,
    Kind.OUTCOME_DUE: _find_owner,
    Kind.CASE_RESOLVED: _list_participants,
    Kind.CASE_SHARED: _list_participants,
    Kind.CASE_REOPENED: _list_participants,
    Kind.CASE_USED: _find_owner_of_basis,
    Kind.PRACTICE_USED: _find_solver,
    Kind.PRACTICE_CHANGED: _list_users_of,
    Kind.PRACTICE_FLAGGED: _list_keepers,
    Kind.MENTION: _list_mentioned,
    Kind.COMMENT: _list_listeners,
    Kind.SEARCH_FOUND: _find_searcher,
}
