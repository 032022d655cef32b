"""Private addresses: made and shown once, ended, and followed back to the person whose rights they carry.

As a one-time link does, a token carries its organisation, `<organisation hex>.<secret>`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.deps import load_person
from app.accounts.service import record_audit
from app.accounts.viewer import Viewer
from app.core.db import new_id
from app.core.errors import NotFound
from app.core.i18n import set_language
from app.core.security import create_token, hash_token
from app.core.tenancy import enter_organisation
from app.feed.models import Outlet, PrivateAddress
from app.feed.outlets import queries


async def create_address(session: AsyncSession, viewer: Viewer, outlet: Outlet, now: datetime) -> str:
    """The token of a new address; the one before it ends."""
    await _end(session, viewer, outlet)
    token = f"{viewer.organisation_id.hex}.{create_token()}"
    session.add(
        PrivateAddress(
            organisation_id=viewer.organisation_id,
            id=new_id(),
            user_id=viewer.person_id,
            outlet=outlet,
            token_hash=hash_token(token),
            created_at=now,
        )
    )
    await session.flush()
    await record_audit(session, viewer, "address.created", details={"outlet": outlet.value})
    return token


async def end_address(session: AsyncSession, viewer: Viewer, outlet: Outlet) -> None:
    await _end(session, viewer, outlet)
    await record_audit(session, viewer, "address.ended", details={"outlet": outlet.value})


async def _end(session: AsyncSession, viewer: Viewer, outlet: Outlet) -> None:
    await session.execute(
        delete(PrivateAddress).where(PrivateAddress.user_id == viewer.person_id, PrivateAddress.outlet == outlet)
    )


async def open_address(session: AsyncSession, outlet: Outlet, token: str, now: datetime) -> Viewer:
    """The person whose address it is, with the organisation entered and the language set. Raises NotFound."""
    try:
        organisation_id = UUID(hex=token.partition(".")[0])
    except ValueError:
        raise NotFound from None
    organisation = await accounts.find_organisation_by_id(session, organisation_id)
    if organisation is None:
        raise NotFound
    await enter_organisation(session, organisation_id)
    address = await queries.find_address(session, outlet, hash_token(token))
    user = address and await accounts.find_active_user(session, address.user_id)
    identity = user and await accounts.find_identity_of(session, user.id)
    if not address or not user or not identity:
        raise NotFound
    viewer = await load_person(session, organisation, user, identity.email)
    if viewer.language:
        set_language(viewer.language)
    today = viewer.local_day(now)
    if address.used_on != today:
        address.used_on = today
    return viewer
