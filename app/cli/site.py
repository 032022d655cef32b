"""What a command works on: a database by URL, or the embedded one of a data directory."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import psycopg
import sqlalchemy.exc
from alembic import command
from alembic.config import Config
from pydantic import ValidationError

from app.core.config import Settings
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.errors import UnstuckError
from app.core.postgres.databases import check_vector_version
from app.core.postgres.errors import DatabaseServerError
from app.core.postgres.location import default_data_dir
from app.core.postgres.server import EmbeddedServer, find_server, load_secret_key, start_server
from app.core.progress import step
from app.core.templating import ROOT
from app.embeddings.build import ModelBuildError, build_model, default_model_dir, is_built

Result = TypeVar("Result")


class CommandError(Exception):
    """A command cannot do what it was asked to; the message says why."""


def explain(error: Exception) -> str | None:
    """What an operator needs to know of an error; None when it is a fault of ours."""
    if isinstance(error, ValidationError):
        told = ((".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors())
        return "\n".join(f"{place} {message.removeprefix('Value error, ')}".strip() for place, message in told)
    if isinstance(error, CommandError | DatabaseServerError | ModelBuildError | UnstuckError):
        return str(error)
    if isinstance(error, psycopg.OperationalError | sqlalchemy.exc.OperationalError):
        return f"The database does not answer: {error}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return None


@dataclass(frozen=True)
class Site:
    """A site whose database answers; `server` is the embedded one."""

    settings: Settings
    server: EmbeddedServer | None

    @property
    def model_dir(self) -> Path:
        """Where the language model is built, if none is named by UNSTUCK_MODEL."""
        return default_model_dir(self.settings.data_dir or default_data_dir())

    @property
    def maintenance_url(self) -> str:
        """The role that passes row-level security; for a database by URL the owner has to be allowed that."""
        return self.server.maintenance_url if self.server else self.settings.owner_database_url

    @property
    def plain_url(self) -> str:
        """The database as PostgreSQL's own programs and the job library name it."""
        return self.settings.plain_database_url

    def migrate(self) -> None:
        """Bring the tables up to date, as their owner."""
        if not self.settings.owner_database_url:
            raise CommandError("Set UNSTUCK_OWNER_DATABASE_URL to the URL of the role that owns the tables.")
        with psycopg.connect(self.plain_url) as connection:
            check_vector_version(connection)
        config = Config(str(ROOT / "alembic.ini"))
        config.attributes["url"] = self.settings.owner_database_url
        with step("Bringing the database up to date"):
            command.upgrade(config, "head")

    def run(self, task: Callable[[SessionFactory], Awaitable[Result]]) -> Result:
        """What a coroutine makes of the database, with the app's own role."""

        async def work() -> Result:
            engine = create_engine(self.settings.database_url)
            try:
                return await task(create_session_factory(engine))
            finally:
                await engine.dispose()

        return asyncio.run(work())

    def build_missing_model(self) -> str | None:
        """Build the language model, where none is named. What stands in the way, if it cannot be built."""
        if self.settings.model or is_built(self.model_dir):
            return None
        try:
            # In a process of its own: the memory it takes is more than the site may keep.
            spawned = get_context("spawn")
            with step("Building the language model"), ProcessPoolExecutor(1, mp_context=spawned) as pool:
                pool.submit(build_quietly, self.model_dir).result()
        except ModelBuildError as error:
            return str(error)
        return None


def build_quietly(model_dir: Path) -> None:
    build_model(model_dir, progress=lambda _line: None)


@contextmanager
def open_site(data_dir: Path | None, *, serve_at: str | None = None, create: bool = False) -> Iterator[Site]:
    """The site that DATABASE_URL or the data directory names; its server runs for the length of the block.

    In production DATABASE_URL must be set. `serve_at` is the address that this process is about to serve; operator
    commands leave it out, and may reach the server of a running site. `create` makes a database where there is none.
    """
    base_url = os.environ.get("UNSTUCK_BASE_URL") or serve_at or Settings().base_url
    settings = Settings(base_url=base_url)
    if settings.database_url:
        yield Site(settings, None)
        return
    directory = (data_dir or default_data_dir()).resolve()
    with step("Starting the database"):
        server = start_server(directory) if serve_at else find_server(directory, create=create)
    try:
        yield Site(_embed(settings, server, directory), server)
    finally:
        with step("Stopping the database"):
            server.stop()


def _embed(settings: Settings, server: EmbeddedServer, directory: Path) -> Settings:
    """These settings, with the embedded database and a secret filled in."""
    return Settings(
        DATABASE_URL=server.app_url,
        owner_database_url=server.owner_url,
        secret_key=settings.secret_key.get_secret_value() or load_secret_key(directory),
        base_url=settings.base_url,
        data_dir=directory,
        embedded=True,
    )
