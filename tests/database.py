"""A PostgreSQL server for one run of the tests, and the databases on it."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config

from app.core.db import create_engine, create_session_factory
from app.core.postgres.databases import Database, drop_database, ensure_database
from app.core.postgres.server import EmbeddedServer, find_server, start_server
from app.core.templating import ROOT
from tests.world import create_world

TEMPLATE = "unstuck_template"


class TestServer:
    """Starts empty, holds a migrated template with the cast in it, and leaves nothing behind."""

    __test__ = False

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="unstuck-test-"))
        self.directory.chmod(0o755)
        self.server: EmbeddedServer = start_server(self.directory, durable=False)

    @property
    def address(self) -> Database:
        return self.server.database

    def create_template(self) -> None:
        database = replace(self.address, name=TEMPLATE)
        ensure_database(database)
        migrate(database)
        asyncio.run(_fill(database))

    def stop(self) -> None:
        self.server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


@contextmanager
def open_server(data_dir: Path, *, create: bool = False) -> Iterator[EmbeddedServer]:
    """`find_server` for the length of a block."""
    server = find_server(data_dir, create=create)
    try:
        yield server
    finally:
        server.stop()


def migrate(database: Database) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["url"] = database.owner_url
    command.upgrade(config, "head")


async def _fill(database: Database) -> None:
    engine = create_engine(database.app_url)
    async with create_session_factory(engine)() as session, session.begin():
        await create_world(session)
    await engine.dispose()


def copy_template(address: Database, name: str) -> Database:
    """A fresh database with the cast in it."""
    database = replace(address, name=name)
    ensure_database(database, template=TEMPLATE)
    return database


__all__ = ["TEMPLATE", "TestServer", "copy_template", "drop_database", "migrate", "open_server"]
