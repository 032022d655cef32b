"""Whole copies of a database in a file, in PostgreSQL's custom format."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from app.core.postgres.databases import drop_database, rename_database
from app.core.postgres.errors import DatabaseServerError
from app.core.postgres.server import EmbeddedServer

RESTORING = "unstuck_restoring"


def back_up(binaries: Path, url: str, file: Path) -> None:
    """Write everything to `file`, readable by its owner alone. A file of that name is replaced at the end.

    The URL's role must pass row-level security (BYPASSRLS), or PostgreSQL refuses. Extensions are left out: who
    restores has them made by the database's superuser.
    """
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    try:
        _run(binaries / "pg_dump", ["--format=custom", "--exclude-extension=*", f"--file={partial}"], url)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def restore(binaries: Path, url: str, file: Path) -> None:
    """Bring a copy back into an empty database, whole or not at all."""
    if not is_empty(url):
        raise DatabaseServerError("The database is not empty: restore into a new one.")
    _run(binaries / "pg_restore", ["--single-transaction", "--exit-on-error", str(file)], url)


def restore_embedded(server: EmbeddedServer, file: Path, *, replace_rows: bool) -> None:
    """Bring a copy back into an embedded database; what is there stays untouched until the copy is complete."""
    if not server.is_ours:
        raise DatabaseServerError("The site is running: stop it first.")
    if not replace_rows and not is_empty(server.maintenance_url):
        raise DatabaseServerError("The database is not empty: give a new --data-dir, or --replace.")
    server.drop_database(RESTORING)
    restore(server.binaries, server.create_database(RESTORING).maintenance_url, file)
    drop_database(server.database)
    rename_database(replace(server.database, name=RESTORING), server.database.name)


def is_empty(url: str) -> bool:
    """Whether a database holds no table of ours."""
    with psycopg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        found = connection.execute("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')").fetchone()
    return found == (False,)


def _run(program: Path, options: Sequence[str], url: str) -> None:
    """Run one of PostgreSQL's programs against a database. The password stays out of the list of processes."""
    address = make_url(url)
    password = {"PGPASSWORD": str(address.password)} if address.password else {}
    plain = address.set(drivername="postgresql", password=None).render_as_string()
    result = subprocess.run(  # noqa: S603 - PostgreSQL's own program.
        [program, f"--dbname={plain}", *options],
        env=os.environ | password,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise DatabaseServerError(f"{program.name} failed:\n{result.stderr.strip()}")
