"""Asking for an export, and fetching its file."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.service import record_audit
from app.accounts.viewer import Viewer
from app.core.db import new_id
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.i18n import gettext as _
from app.core.jobs import BULK, publish
from app.exports import queries
from app.exports.models import Export, Scope


class ExportUnderWay(Conflict):
    """One export at a time."""

    code = "export_under_way"


class ExportUnfinished(Conflict):
    """The file is not there yet."""

    code = "export_unfinished"


async def ask_for_export(
    session: AsyncSession, viewer: Viewer, scope: Scope, user_id: UUID | None, now: datetime
) -> Export:
    """Have a file written. Everybody may ask for what they wrote themselves, an admin for everything."""
    user_id = (user_id or viewer.person_id) if scope is Scope.PERSON else None
    is_own = user_id is not None and user_id == viewer.user_id
    if not (is_own or viewer.administers):
        raise Forbidden(_("Only an admin may do this."))
    user = await accounts.find_user(session, user_id) if user_id else None
    if user_id is not None and user is None:
        raise Invalid.at("user_id", _("Choose one of the people here."))
    if await queries.count_unfinished(session, viewer):
        raise ExportUnderWay(_("An export is being written already: wait until it is done."))
    export = Export(
        organisation_id=viewer.organisation_id,
        id=new_id(),
        scope=scope,
        user_id=user_id,
        principal_id=viewer.principal_id,
        created_at=now,
    )
    session.add(export)
    await record_audit(session, viewer, "export.asked", user_id, {"scope": scope.value})
    await publish(
        session,
        "export.asked",
        queue=BULK,
        organisation_id=str(viewer.organisation_id),
        export_id=str(export.id),
    )
    return export


async def open_file(session: AsyncSession, export: Export, viewer: Viewer) -> list[UUID]:
    """The parts of the file in their order; that it was fetched is written down."""
    if export.finished_at is None:
        raise ExportUnfinished(_("The file is not written yet."))
    await record_audit(session, viewer, "export.fetched", export.user_id, {"scope": export.scope.value})
    return list(await queries.list_part_ids(session, export.id))
