"""What a case waits for, by its state and what has been done in it."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Plan, Question
from app.cases.workflow import PLANS_BEFORE_CHOICE, QUESTIONS_BEFORE_PLANS, State


class Awaited(StrEnum):
    """What a case waits for."""

    POSTING = "posting"
    ANSWER = "answer"
    QUESTION = "question"
    PLAN = "plan"
    CHOICE = "choice"
    OUTCOME = "outcome"
    SHARING = "sharing"


def awaited() -> ColumnElement[str | None]:
    """What a case waits for, as a value of Awaited; NULL for one that is shared or withdrawn."""
    open_question = select(Question.id).where(Question.case_id == Case.id, Question.answered_at.is_(None))
    answered = select(func.count()).where(Question.case_id == Case.id, Question.answered_at.is_not(None))
    plans = select(func.count()).where(Plan.case_id == Case.id)
    unsparred = and_(
        Case.skip_questions_reason == "", answered.correlate(Case).scalar_subquery() < QUESTIONS_BEFORE_PLANS
    )
    investigating = Case.state == State.INVESTIGATING
    creating = Case.state == State.CREATING
    return case(
        (Case.state == State.DRAFT, Awaited.POSTING.value),
        (and_(investigating, open_question.correlate(Case).exists()), Awaited.ANSWER.value),
        (and_(investigating, unsparred), Awaited.QUESTION.value),
        (investigating, Awaited.PLAN.value),
        (and_(creating, plans.correlate(Case).scalar_subquery() < PLANS_BEFORE_CHOICE), Awaited.PLAN.value),
        (creating, Awaited.CHOICE.value),
        (Case.state == State.TRYING, Awaited.OUTCOME.value),
        (Case.state == State.RESOLVED, Awaited.SHARING.value),
    )


async def find_awaited(session: AsyncSession, case_id: UUID) -> str | None:
    return await session.scalar(select(awaited()).where(Case.id == case_id))
