"""Every select on questions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.queries import join_name
from app.cases.models import Case, Question


def _questions_of(case: Case) -> Select[Question]:
    return (
        select(Question)
        .where(Question.case_id == case.id)
        .order_by(Question.id)
        .options(join_name(Question.asked_by), join_name(Question.addressed_to), join_name(Question.answered_by))
        .execution_options(populate_existing=True)
    )


async def list_questions(session: AsyncSession, case: Case) -> Sequence[Question]:
    """The conversation, in the order it was asked."""
    return (await session.scalars(_questions_of(case))).all()


async def find_question(session: AsyncSession, case: Case, question_id: UUID) -> Question | None:
    return await session.scalar(_questions_of(case).where(Question.id == question_id))
