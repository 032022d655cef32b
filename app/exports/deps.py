"""An export of one's own."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer
from app.accounts.viewer import Viewer
from app.core.db import Session, SessionFactory
from app.core.errors import NotFound
from app.exports import queries, service
from app.exports.models import Export


async def get_export(export_id: UUID, session: Session, viewer: CurrentViewer) -> Export:
    export = await queries.find_export(session, export_id, viewer)
    if export is None:
        raise NotFound
    return export


OwnExport = Annotated[Export, Depends(get_export)]
"""An export that the viewer asked for."""


async def send_file(
    factory: SessionFactory, session: AsyncSession, export: Export, viewer: Viewer
) -> StreamingResponse:
    """The zip as a download."""
    part_ids = await service.open_file(session, export, viewer)
    name = f"unstuck-{export.scope.value}-{export.created_at:%Y-%m-%d}.zip"
    return StreamingResponse(
        queries.read_file(factory, export.organisation_id, part_ids),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
