"""Every select on exports."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.queries import join_name
from app.accounts.viewer import Viewer
from app.core.db import SessionFactory
from app.core.pagination import Cursor, Page, cut_page
from app.core.tenancy import organisation_session
from app.exports.models import Export, ExportPart


async def list_exports(session: AsyncSession, viewer: Viewer, cursor: Cursor | None, limit: int) -> Page[Export]:
    """Those the viewer asked for, the newest first."""
    query = select(Export).where(Export.principal_id == viewer.principal_id).options(join_name(Export.user))
    if cursor is not None:
        query = query.where(tuple_(Export.created_at, Export.id) < tuple_(cursor.at, cursor.id))
    found = await session.scalars(query.order_by(Export.created_at.desc(), Export.id.desc()).limit(limit + 1))
    return cut_page(found.all(), limit, lambda export: Cursor(export.created_at, export.id))


async def find_export(session: AsyncSession, export_id: UUID, viewer: Viewer) -> Export | None:
    query = select(Export).where(Export.id == export_id, Export.principal_id == viewer.principal_id)
    return await session.scalar(query.options(join_name(Export.user)))


async def lock_export(session: AsyncSession, export_id: UUID) -> Export | None:
    """An export for the job that writes it, whoever asked."""
    return await session.scalar(select(Export).where(Export.id == export_id).with_for_update())


async def delete_exports(session: AsyncSession, before: datetime) -> None:
    """Delete what was asked for before that time, with its files."""
    await session.execute(delete(Export).where(Export.created_at < before))


async def delete_parts(session: AsyncSession, export_id: UUID) -> None:
    await session.execute(delete(ExportPart).where(ExportPart.export_id == export_id))


async def list_part_ids(session: AsyncSession, export_id: UUID) -> Sequence[UUID]:
    found = await session.scalars(
        select(ExportPart.id).where(ExportPart.export_id == export_id).order_by(ExportPart.position)
    )
    return found.all()


async def read_file(factory: SessionFactory, organisation_id: UUID, part_ids: Sequence[UUID]) -> AsyncIterator[bytes]:
    """The file piece by piece, each in a transaction of its own: a slow reader keeps none open."""
    for part_id in part_ids:
        async with organisation_session(factory, organisation_id) as session:
            data = await session.scalar(select(ExportPart.data).where(ExportPart.id == part_id))
        if data is None:
            return
        yield data


async def count_unfinished(session: AsyncSession, viewer: Viewer) -> int:
    unfinished = select(func.count()).where(Export.principal_id == viewer.principal_id, Export.finished_at.is_(None))
    return await session.scalar(unfinished) or 0
