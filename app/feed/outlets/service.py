"""Private addresses: made and shown once, ended, and followed back to the person whose rights they carry."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.members import load_member
from app.accounts.service import create_tenant_token, enter_by_token, record_audit
from app.accounts.viewer import Viewer
from app.core.db import new_id
from app.core.errors import NotFound
from app.core.i18n import set_language
from app.core.security import hash_token
from app.feed.models import Outlet, PrivateAddress
from app.feed.outlets import queries


async def create_address(session: AsyncSession, viewer: Viewer, outlet: Outlet, now: datetime) -> str:
    """The token of a new address; the one before it ends."""
    await _end(session, viewer, outlet)
    token = create_tenant_token(viewer.organisation_id)
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
    organisation = await enter_by_token(session, token)
    address = organisation and await queries.find_address(session, outlet, hash_token(token))
    viewer = address and await load_member(session, address.organisation_id, address.user_id)
    if not address or not viewer:
        raise NotFound
    if viewer.language:
        set_language(viewer.language)
    today = viewer.local_day(now)
    if address.used_on != today:
        address.used_on = today
    return viewer
