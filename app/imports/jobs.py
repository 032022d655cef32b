"""Working through a file, some rows in each transaction, so that a job that was killed goes on where it stood."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.jobs import organisation_sessions
from app.accounts.members import load_member
from app.accounts.viewer import Viewer
from app.core.errors import UnstuckError
from app.core.i18n import use_language
from app.core.jobs import BULK, JobEnvironment, use_queue
from app.core.tenancy import organisation_session
from app.imports import queries
from app.imports.models import KEPT, UNDER_WAY, Import, Stage
from app.imports.reading import Table, read_table
from app.imports.rows import Known, load_known, pick_cells, write_case

ROWS_AT_ONCE = 20
ERRORS_KEPT = 200
FIRST_ROW = 2
"""As a spreadsheet counts: the headings are row 1."""


async def work_through(
    environment: JobEnvironment, /, *, organisation_id: str, import_id: str, language: str, **_rest: str
) -> None:
    """Check or import every row that is left."""
    table: Table | None = None
    with use_language(language):
        while True:
            async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
                use_queue(session, BULK)
                taken = await queries.lock_import(session, UUID(import_id))
                if taken is None or taken.stage not in UNDER_WAY:
                    return
                if table is None:
                    table = await asyncio.to_thread(read_table, taken.data)
                await _take_rows(session, taken, table)


async def _take_rows(session: AsyncSession, taken: Import, table: Table) -> None:
    """The next rows; after the last one the next stage."""
    rows = table.rows[taken.done : taken.done + ROWS_AT_ONCE]
    viewer = await _load_viewer(session, taken)
    if not rows or viewer is None:
        taken.stage = Stage.CHECKED if taken.stage is Stage.CHECKING else Stage.IMPORTED
        return
    found = await _try_rows(session, taken, rows, viewer)
    taken.errors = [*taken.errors, *found][:ERRORS_KEPT]
    taken.failed += len(found)
    taken.done += len(rows)


async def _try_rows(
    session: AsyncSession, taken: Import, rows: Sequence[Sequence[str]], viewer: Viewer
) -> list[dict[str, Any]]:
    known = await load_known(session)
    first, keeps, posts, mapping = taken.done + FIRST_ROW, taken.stage is Stage.IMPORTING, taken.posts, taken.mapping
    found = []
    for number, row in enumerate(rows, first):
        errors = await _try_row(session, pick_cells(row, mapping), known, viewer, keeps=keeps, posts=posts)
        if errors:
            found.append({"row": number, "fields": errors})
    return found


async def _try_row(
    session: AsyncSession, cells: dict[str, str], known: Known, viewer: Viewer, *, keeps: bool, posts: bool
) -> dict[str, str]:
    """What is wrong with the row; the case is kept only when nothing is and `keeps` says so."""
    savepoint = await session.begin_nested()
    try:
        await write_case(session, cells, known, viewer, datetime.now(UTC), posts=posts)
    except UnstuckError as error:
        await savepoint.rollback()
        return error.fields or {"form": error.message}
    await (savepoint.commit() if keeps else savepoint.rollback())
    return {}


async def _load_viewer(session: AsyncSession, taken: Import) -> Viewer | None:
    """The admin who uploaded the file, unless they have left or lost the role meanwhile."""
    viewer = await load_member(session, taken.organisation_id, taken.user_id)
    return viewer if viewer and viewer.is_admin else None


async def delete_old_imports(environment: JobEnvironment, /, **_rest: object) -> None:
    """In every organisation, delete the files whose time is over."""
    before = datetime.now(UTC) - KEPT
    async for session in organisation_sessions(environment):
        await queries.delete_imports(session, before)
