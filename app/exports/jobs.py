"""Writing an export, and deleting it when its time is over."""

import asyncio
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, func, select, tuple_

from app.accounts.jobs import organisation_sessions
from app.core.jobs import JobEnvironment
from app.core.tenancy import organisation_session
from app.exports import queries
from app.exports.content import Extent, list_tables, select_rows
from app.exports.models import KEPT, Export, ExportPart
from app.exports.writing import open_table, pack

ROWS_AT_ONCE = 500
PART_BYTES = 1_000_000


async def write_export(environment: JobEnvironment, /, *, organisation_id: str, export_id: str, **_rest: str) -> None:
    """Write the file. Run again it begins anew, unless it is finished or was deleted."""
    job = ExportJob(environment, UUID(organisation_id), UUID(export_id))
    with tempfile.TemporaryDirectory(prefix="unstuck-export-") as directory:
        await job.run(Path(directory))


class ExportJob:
    """One run of one export; each page of rows is read in a transaction of its own, which tells how far it is."""

    def __init__(self, environment: JobEnvironment, organisation_id: UUID, export_id: UUID) -> None:
        self.environment = environment
        self.organisation_id = organisation_id
        self.export_id = export_id

    async def run(self, directory: Path) -> None:
        content = directory / "content"
        content.mkdir()
        selects = await self._begin()
        if selects is None:
            return
        counts = {table.name: await self._write_table(content, table, query) for table, query in selects}
        about = {"format": 1, "written_at": datetime.now(UTC).isoformat(), "rows": counts}
        (content / "about.json").write_text(json.dumps(about, indent=2))
        packed = directory / "export.zip"
        await asyncio.to_thread(pack, content, packed)
        await self._keep(packed)

    async def _begin(self) -> list[tuple[Table, Select[Any]]] | None:
        """What to write, counted; None when there is nothing to do."""
        async with organisation_session(self.environment.session_factory, self.organisation_id) as session:
            export = await queries.lock_export(session, self.export_id)
            if export is None or export.finished_at is not None:
                return None
            extent = Extent(
                self.organisation_id, export.scope, export.user_id, with_drafts=export.user_id == export.principal_id
            )
            found = [(table, select_rows(table, extent)) for table in list_tables()]
            selects = [(table, query) for table, query in found if query is not None]
            counts = [await session.scalar(select(func.count()).select_from(query.subquery())) for _, query in selects]
            export.total, export.done = sum(count or 0 for count in counts), 0
        return selects

    async def _write_table(self, directory: Path, table: Table, query: Select[Any]) -> int:
        """Page by page in the order of the key; the number of rows."""
        key = tuple_(*(column for column in table.primary_key if column.name != "organisation_id"))
        names = [column.name for column in query.selected_columns]
        written, last = 0, None
        with open_table(directory, table.name, names) as writer:
            while True:
                page = query.order_by(*key.clauses).limit(ROWS_AT_ONCE)
                rows = await self._read(page if last is None else page.where(key > last))
                writer.write(rows)
                written += len(rows)
                if len(rows) < ROWS_AT_ONCE:
                    return written
                last = tuple(rows[-1][column.name] for column in key.clauses)

    async def _read(self, page: Select[Any]) -> Sequence[Any]:
        async with organisation_session(self.environment.session_factory, self.organisation_id) as session:
            rows: Sequence[Any] = (await session.execute(page)).mappings().all()
            export = await queries.lock_export(session, self.export_id)
            if export is not None:
                export.done += len(rows)
        return rows

    async def _keep(self, packed: Path) -> None:
        async with organisation_session(self.environment.session_factory, self.organisation_id) as session:
            export = await queries.lock_export(session, self.export_id)
            if export is None:
                return
            await queries.delete_parts(session, export.id)
            export.size = 0
            with packed.open("rb") as file:
                for position, data in enumerate(iter(lambda: file.read(PART_BYTES), b"")):
                    session.add(_part(export, position, data))
                    export.size += len(data)
                    await session.flush()
            export.finished_at = datetime.now(UTC)


def _part(export: Export, position: int, data: bytes) -> ExportPart:
    return ExportPart(organisation_id=export.organisation_id, export_id=export.id, position=position, data=data)


async def delete_old_exports(environment: JobEnvironment, /, **_rest: object) -> None:
    """In every organisation, delete the files whose time is over."""
    before = datetime.now(UTC) - KEPT
    async for session in organisation_sessions(environment):
        await queries.delete_exports(session, before)
