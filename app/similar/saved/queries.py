"""Every select on saved searches."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.similar.models import SavedSearch


async def list_saved(session: AsyncSession, user_id: UUID) -> Sequence[SavedSearch]:
    """The newest first."""
    of_person = select(SavedSearch).where(SavedSearch.user_id == user_id).order_by(SavedSearch.id.desc())
    return (await session.scalars(of_person)).all()


async def find_saved(session: AsyncSession, user_id: UUID, text: str) -> SavedSearch | None:
    return await session.scalar(select(SavedSearch).where(SavedSearch.user_id == user_id, SavedSearch.text == text))


async def count_saved(session: AsyncSession, user_id: UUID) -> int:
    return await session.scalar(select(func.count()).where(SavedSearch.user_id == user_id)) or 0
