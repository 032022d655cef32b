"""Exports for programs."""

from typing import Any

from fastapi import Request, Response

from app.accounts.deps import CurrentViewer, OwnTransactions, create_api_router
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.openapi import CREATED
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam, Limit
from app.core.templating import path_for
from app.exports import queries, service
from app.exports.deps import OwnExport, send_file
from app.exports.schemas import ExportInput, ExportList, ExportRead

router = create_api_router("exports", read="export:read", write="export:read")

FILE = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": FILE}}


@router.get("/exports", operation_id="list_exports", summary="One's own exports, the newest first")
async def list_exports(
    session: Session, viewer: CurrentViewer, limit: Limit = PAGE_SIZE, cursor: CursorParam = None
) -> ExportList:
    page = await queries.list_exports(session, viewer, Cursor.decode(cursor), limit)
    return ExportList(items=[ExportRead.from_export(row) for row in page.items], next_cursor=page.next_cursor)


@router.post(
    "/exports",
    operation_id="ask_for_export",
    summary="Have an export written",
    status_code=201,
    responses=CREATED | document_errors(409),
)
async def ask_for_export(
    request: Request, body: ExportInput, session: Session, viewer: CurrentViewer, now: Now, response: Response
) -> ExportRead:
    """Everything in the organisation, for its admins, or what one person wrote. One at a time; kept for two days.

    A draft is in the export of the one who wrote it, and in no other.
    """
    asked = await service.ask_for_export(session, viewer, body.scope, body.user_id, now)
    response.headers["Location"] = path_for(request.app, "read_export", export_id=asked.id)
    export = await queries.find_export(session, asked.id, viewer)
    assert export is not None
    return ExportRead.from_export(export)


@router.get(
    "/exports/{export_id}", operation_id="read_export", summary="How far an export is", responses=document_errors(404)
)
async def read_export(export: OwnExport) -> ExportRead:
    return ExportRead.from_export(export)


@router.get(
    "/exports/{export_id}/file",
    operation_id="fetch_export",
    summary="The file of an export",
    response_class=Response,
    responses=ZIP | document_errors(404, 409),
)
async def fetch_export(
    export: OwnExport, factory: OwnTransactions, session: Session, viewer: CurrentViewer
) -> Response:
    """A zip that holds each table as JSON lines and as CSV. Only whoever asked for it may fetch it."""
    return await send_file(factory, session, export, viewer)
