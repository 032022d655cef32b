"""Keeping a deal in step with the CRM, and making a case of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.accounts.service import record_audit
from app.accounts.viewer import Viewer
from app.cases import queries
from app.cases.drafts.service import change_case, create_draft
from app.cases.models import Case
from app.deals.models import Deal
from app.deals.schemas import DealFields
from app.deals.service import change_deal


async def save_deal(
    session: AsyncSession, deal: Deal, facts: Mapping[str, Any], viewer: Viewer, now: datetime, *, is_new: bool
) -> None:
    """Let the deal, which must be locked, say what the CRM says. What is older than what is known changes nothing."""
    told_at = facts.get("source_updated_at")
    if told_at and deal.source_updated_at and told_at < deal.source_updated_at:
        return
    told = dict(facts)
    if told.get("owner_id"):
        # On a case posted without a name, whoever stands in for the owner goes on doing so.
        told["owner_id"] = await queries.find_stand_in(session, deal.id, told["owner_id"]) or told["owner_id"]
    changed = await change_deal(session, deal, told)
    viewer = viewer.appear_as(deal.owner_id)
    if changed & DealFields.model_fields.keys():
        await queries.raise_versions(session, deal, viewer, now)
    fields = ", ".join(sorted(name.removesuffix("_id") for name in changed - {"source_updated_at"}))
    # What a seller does here would tell who is behind a case of the deal that is posted without a name.
    if viewer.administers and (fields or is_new):
        details = {"source": deal.source, "external_id": deal.external_id, "fields": fields}
        await record_audit(session, viewer, "deal.created" if is_new else "deal.changed", deal.id, details)
    await session.flush()
    await session.refresh(deal)


async def start_case(
    session: AsyncSession, deal: Deal, owner: User, told: Mapping[str, Any], viewer: Viewer, now: datetime
) -> Case:
    """A draft of the deal, with what is told of it. Raises Invalid, and has made nothing then."""
    case = await create_draft(session, viewer, owner, now, deal=deal)
    return await change_case(session, case, {"title": deal.title, **told}, viewer, now)
