"""Roles, databases, extensions and default rights: what migrations find when they begin."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from app.core.postgres.cluster import SUPERUSER
from app.core.postgres.errors import DatabaseServerError

OWNER = "unstuck_owner"
APP = "unstuck_app"
MAINTENANCE = "unstuck_maintenance"
EXTENSIONS = ("vector", "pg_trgm", "unaccent", "btree_gin")
VECTOR_FLOOR = (0, 8, 4)
"""Older pgvector has CVE-2026-3172 and damages HNSW indexes in VACUUM."""

ROLES = {
    OWNER: "CREATE ROLE unstuck_owner LOGIN",
    APP: "CREATE ROLE unstuck_app LOGIN",
    MAINTENANCE: "CREATE ROLE unstuck_maintenance LOGIN BYPASSRLS"
    " IN ROLE unstuck_owner, pg_read_all_data, pg_write_all_data",
}
RIGHTS = """
ALTER DEFAULT PRIVILEGES FOR ROLE unstuck_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO unstuck_app, unstuck_maintenance;
ALTER DEFAULT PRIVILEGES FOR ROLE unstuck_owner
    GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO unstuck_app, unstuck_maintenance;
ALTER DEFAULT PRIVILEGES FOR ROLE unstuck_owner
    GRANT EXECUTE ON FUNCTIONS TO unstuck_app, unstuck_maintenance;
"""


@dataclass(frozen=True)
class Database:
    """One database of the embedded server, and its addresses for SQLAlchemy."""

    socket_dir: Path
    name: str

    @property
    def app_url(self) -> str:
        """For the site: owns nothing, bound by row-level security."""
        return self._url(APP)

    @property
    def owner_url(self) -> str:
        """For migrations: owns the database, bound by forced row-level security all the same."""
        return self._url(OWNER)

    @property
    def maintenance_url(self) -> str:
        """For backup, restore and look-ups across organisations: not bound by row-level security."""
        return self._url(MAINTENANCE)

    def _url(self, role: str) -> str:
        url = URL.create("postgresql+psycopg", username=role, database=self.name)
        return url.update_query_dict({"host": str(self.socket_dir)}).render_as_string().replace("%2F", "/")

    def connect_as_superuser(self) -> psycopg.Connection:
        """A connection outside transactions; for making databases and extensions, not for their contents."""
        return psycopg.connect(host=str(self.socket_dir), port=5432, user=SUPERUSER, dbname=self.name, autocommit=True)


def ensure_roles(maintenance_database: Database) -> None:
    """Make the roles that are missing."""
    with maintenance_database.connect_as_superuser() as connection:
        present = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
        for role, statement in ROLES.items():
            if role not in present:
                connection.execute(statement)


def ensure_database(database: Database, *, template: str | None = None) -> None:
    """Make a database that `unstuck_owner` owns, with extensions and default rights; or complete one.

    A copy of a template brings its contents along. Nobody may be connected to the template.
    """
    with Database(database.socket_dir, SUPERUSER).connect_as_superuser() as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [database.name]).fetchone()
        if found is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    sql.Identifier(database.name),
                    sql.Identifier(OWNER),
                    sql.Identifier(template or "template0"),
                )
            )
        connection.execute(
            sql.SQL("REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {roles}").format(
                name=sql.Identifier(database.name),
                roles=sql.SQL(", ").join([sql.Identifier(APP), sql.Identifier(MAINTENANCE)]),
            )
        )
    if template is None:
        _ensure_extensions(database)


def _ensure_extensions(database: Database) -> None:
    with database.connect_as_superuser() as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        outdated = connection.execute(
            "SELECT name FROM pg_available_extensions WHERE installed_version <> default_version"
        ).fetchall()
        for (extension,) in outdated:
            connection.execute(sql.SQL("ALTER EXTENSION {} UPDATE").format(sql.Identifier(extension)))
        # PostgreSQL searches an index of words under row-level security only when it trusts the operator to tell
        # nothing of other rows. This one answers yes or no; elsewhere searches are as right, but slower.
        connection.execute("ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF")
        connection.execute(RIGHTS)
        check_vector_version(connection)


def check_vector_version(connection: psycopg.Connection) -> None:
    """Refuse a database without pgvector, or with one that is known to do damage."""
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    if row is None:
        raise DatabaseServerError("The database lacks pgvector: have its superuser run CREATE EXTENSION vector.")
    if tuple(int(part) for part in row[0].split(".")) < VECTOR_FLOOR:
        needed = ".".join(map(str, VECTOR_FLOOR))
        raise DatabaseServerError(f"The database has pgvector {row[0]}; {needed} or newer is needed.")


def drop_database(database: Database) -> None:
    """Drop a database, and whoever is connected to it."""
    with Database(database.socket_dir, SUPERUSER).connect_as_superuser() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database.name)))


def rename_database(database: Database, name: str) -> None:
    """Give a database another name. Nobody may be connected to it."""
    with Database(database.socket_dir, SUPERUSER).connect_as_superuser() as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(database.name), sql.Identifier(name))
        )
