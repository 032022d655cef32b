"""Every select on imports."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from app.imports.models import Import

SHOWN = 20


async def list_imports(session: AsyncSession, user_id: UUID) -> Sequence[Import]:
    """The last ones of an admin, the newest first; after a week they are gone."""
    query = select(Import).where(Import.user_id == user_id)
    return (await session.scalars(query.order_by(Import.created_at.desc(), Import.id.desc()).limit(SHOWN))).all()


async def find_import(session: AsyncSession, import_id: UUID, user_id: UUID) -> Import | None:
    """An import of this admin, locked."""
    return await session.scalar(
        select(Import).where(Import.id == import_id, Import.user_id == user_id).with_for_update()
    )


async def lock_import(session: AsyncSession, import_id: UUID) -> Import | None:
    """An import with its file, for the job that works on it."""
    query = select(Import).where(Import.id == import_id).options(undefer(Import.data))
    return await session.scalar(query.with_for_update())


async def delete_imports(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(Import).where(Import.created_at < before))
