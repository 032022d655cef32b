"""Every select on deals."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import new_id
from app.deals.models import Deal


async def find_deal(session: AsyncSession, source: str, external_id: str) -> Deal | None:
    """The deal that a CRM knows by this id."""
    return await session.scalar(select(Deal).where(Deal.source == source, Deal.external_id == external_id))


async def take_deal(session: AsyncSession, organisation_id: UUID, source: str, external_id: str) -> tuple[Deal, bool]:
    """The CRM's deal, made if there is none and locked, and whether it was made just now."""
    made = (
        insert(Deal)
        .values(organisation_id=organisation_id, id=new_id(), source=source, external_id=external_id)
        .on_conflict_do_nothing()
        .returning(Deal.id)
    )
    is_new = await session.scalar(made) is not None
    deal = await find_deal(session, source, external_id)
    assert deal is not None
    await session.refresh(deal, with_for_update=True)
    return deal, is_new
