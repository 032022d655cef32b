"""Exports in the browser: asked for, watched and downloaded on one page."""

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, OwnTransactions, create_page_router
from app.accounts.viewer import Viewer
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import read_valid
from app.core.i18n import gettext as _
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam
from app.core.templating import flash, link_next, redirect, render, wants_block
from app.exports import queries, service
from app.exports.deps import OwnExport, send_file
from app.exports.schemas import ExportForm

router = create_page_router()


@router.get("/exports")
async def show_exports(request: Request, session: Session, viewer: CurrentUser, cursor: CursorParam = None) -> Response:
    return await _show(request, session, viewer, cursor)


async def _show(request: Request, session: AsyncSession, viewer: Viewer, cursor: str | None) -> Response:
    page = await queries.list_exports(session, viewer, Cursor.decode(cursor), PAGE_SIZE)
    context = {
        "exports": page.items,
        "waits": any(export.finished_at is None for export in page.items),
        "next_url": link_next(request, page.next_cursor),
    }
    return render(request, "exports/list.html", context, block="rows" if wants_block(request) else None)


@router.post("/exports")
async def create_export(request: Request, session: Session, viewer: CurrentUser, now: Now) -> Response:
    """Have the file written; the page then shows how far it is."""
    wanted = await read_valid(request, ExportForm)
    response = redirect(request, "show_exports")
    try:
        await service.ask_for_export(session, viewer, wanted.scope, wanted.user_id, now)
    except service.ExportUnderWay as refusal:
        return flash(response, refusal.message, "problem")
    return flash(response, _("The export is being written."))


@router.get("/exports/{export_id}/file")
async def download_export(
    export: OwnExport, factory: OwnTransactions, session: Session, viewer: CurrentUser
) -> Response:
    return await send_file(factory, session, export, viewer)
