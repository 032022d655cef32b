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


async def lock_deal(session: AsyncSession, organisation_id: UUID, source: str, external_id: str) -> tuple[Deal, bool]:
    """The CRM's deal, which nobody else changes before this transaction ends, and whether it was made just now."""
    made = (
        insert(Deal)
        .values(organisation_id=organisation_id, id=new_id(), source=source, external_id=external_id)
        .on_conflict_do_nothing()
        .returning(Deal.id)
    )
    is_new = await session.scalar(made) is not None
    known = select(Deal).where(Deal.source == source, Deal.external_id == external_id).with_for_update()
    deal = (await session.scalars(known.execution_options(populate_existing=True))).one()
    return deal, is_new
