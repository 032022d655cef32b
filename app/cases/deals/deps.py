"""The ways to a deal of a CRM. 404 for what there is not, and for what is not the viewer's to see."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer
from app.accounts.viewer import Viewer
from app.cases import queries
from app.cases.deals.schemas import ExternalId, Source
from app.core.db import Session
from app.core.errors import Forbidden, NotFound
from app.core.i18n import gettext as _
from app.deals.models import Deal
from app.deals.queries import find_deal


async def may_see(session: AsyncSession, deal: Deal, viewer: Viewer) -> bool:
    """A program that speaks for the CRM, an admin, whoever owns the deal or may see a case of it."""
    return may_change(deal, viewer) or await queries.sees_case_of(session, deal.id, viewer)


def may_change(deal: Deal, viewer: Viewer) -> bool:
    """A program that speaks for the CRM, an admin, and whoever owns the deal."""
    speaks_for_crm = viewer.user_id is None and "deals:write" in (viewer.scopes or ())
    return speaks_for_crm or viewer.is_admin or deal.owner_id in viewer.user_ids


async def refuse_change(session: AsyncSession, deal: Deal, viewer: Viewer) -> None:
    """Raise Forbidden for whoever may only see the deal, and NotFound for everybody else who may not change it."""
    if may_change(deal, viewer):
        return
    if await may_see(session, deal, viewer):
        raise Forbidden(_("This deal belongs to somebody else."))
    raise NotFound


async def get_deal(source: Source, external_id: ExternalId, session: Session, viewer: CurrentViewer) -> Deal:
    deal = await find_deal(session, source, external_id)
    if deal is None or not await may_see(session, deal, viewer):
        raise NotFound
    return deal


async def get_locked_deal(deal: Annotated[Deal, Depends(get_deal)], session: Session) -> Deal:
    await session.refresh(deal, with_for_update=True)
    return deal


KnownDeal = Annotated[Deal, Depends(get_deal)]
"""A deal that the viewer may see."""

LockedDeal = Annotated[Deal, Depends(get_locked_deal)]
"""A deal that the viewer may see, and which nobody else changes or makes a case of meanwhile."""
