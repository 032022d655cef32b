"""Every select on deals."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.deals.models import Deal


async def find_deal(session: AsyncSession, source: str, external_id: str) -> Deal | None:
    """The deal that a CRM knows by this id."""
    return await session.scalar(select(Deal).where(Deal.source == source, Deal.external_id == external_id))
