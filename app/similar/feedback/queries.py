"""Every select on what people said of matches."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.similar.models import MatchFeedback


def is_pair(user_id: UUID, case_id: UUID, asking_case_id: UUID | None) -> ColumnElement[bool]:
    """What this person said of the case as a match for another one, or in a search."""
    return and_(
        MatchFeedback.user_id == user_id,
        MatchFeedback.case_id == case_id,
        MatchFeedback.asking_case_id.is_not_distinct_from(asking_case_id),
    )


async def find_feedback(
    session: AsyncSession, user_id: UUID, case_id: UUID, asking_case_id: UUID | None
) -> MatchFeedback | None:
    query = select(MatchFeedback).where(is_pair(user_id, case_id, asking_case_id))
    return await session.scalar(query.execution_options(populate_existing=True))
