"""PostgreSQL's own catalogue says that no table forgets which organisation a row belongs to."""

import psycopg
import pytest

from app.core.postgres.databases import Database

GLOBAL_TABLES = {"organisations", "identities", "sessions", "sign_in_failures", "alembic_version"}
SETTING = "(NULLIF(current_setting('unstuck.organisation'::text, true), ''::text))::uuid"
MAY_SEE = f'(organisation_id = ( SELECT {SETTING} AS "nullif"))'
MAY_WRITE = f"(organisation_id = {SETTING})"
APPEND_ONLY = {"audit_events", "case_moves", "revisions"}

TENANT_TABLES = """
    SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'procrastinate%'
"""
CONSTRAINTS = """
    SELECT con.conname, con.confrelid::regclass::text, a.attname
    FROM pg_constraint con
    JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = con.conkey[1]
    WHERE con.conrelid = %s AND con.contype IN ('p', 'f', 'u')
"""
UNIQUE_INDEXES = """
    SELECT i.indexrelid::regclass::text, a.attname
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = %s AND i.indisunique
"""


@pytest.fixture(scope="module")
def catalogue(database: Database) -> psycopg.Connection:
    return database.connect_as_superuser()


def tenant_tables(catalogue: psycopg.Connection) -> list[tuple[int, str, bool, bool]]:
    return [row for row in catalogue.execute(TENANT_TABLES).fetchall() if row[1] not in GLOBAL_TABLES]


def test_every_tenant_table_forces_row_level_security(catalogue: psycopg.Connection) -> None:
    tables = tenant_tables(catalogue)
    assert len(tables) >= 20
    assert [name for _oid, name, enabled, forced in tables if not (enabled and forced)] == []


def test_every_policy_names_the_organisation_and_nothing_else(catalogue: psycopg.Connection) -> None:
    for _oid, name, *_rest in tenant_tables(catalogue):
        policies = catalogue.execute(
            "SELECT cmd, roles, qual, with_check FROM pg_policies WHERE tablename = %s", [name]
        ).fetchall()
        assert policies == [("ALL", ["public"], MAY_SEE, MAY_WRITE)], name


def test_every_key_begins_with_the_organisation(catalogue: psycopg.Connection) -> None:
    for oid, table, *_rest in tenant_tables(catalogue):
        for name, target, first in catalogue.execute(CONSTRAINTS, [oid]).fetchall():
            assert first == "organisation_id" or target in GLOBAL_TABLES, f"{table}.{name}"
        for name, first in catalogue.execute(UNIQUE_INDEXES, [oid]).fetchall():
            assert first == "organisation_id", f"{table}.{name}"


def test_the_app_role_is_plain_and_owns_nothing(catalogue: psycopg.Connection) -> None:
    role = catalogue.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'unstuck_app'"
    ).fetchone()
    assert role == (False, False, False, False)
    owned = catalogue.execute(
        "SELECT relname FROM pg_class WHERE relowner = 'unstuck_app'::regrole"
        " UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'unstuck_app'::regrole"
    ).fetchall()
    assert owned == []


def test_what_must_be_kept_cannot_be_changed_by_the_app(catalogue: psycopg.Connection) -> None:
    for table in APPEND_ONLY:
        rights = catalogue.execute(
            "SELECT has_table_privilege('unstuck_app', %(t)s, 'UPDATE') OR"
            " has_table_privilege('unstuck_app', %(t)s, 'DELETE') OR"
            " has_table_privilege('unstuck_app', %(t)s, 'TRUNCATE')",
            {"t": table},
        ).fetchone()
        assert rights == (False,), table


def test_without_an_organisation_nothing_is_seen(database: Database) -> None:
    with psycopg.connect(database.app_url.replace("+psycopg", "")) as connection:
        seen = connection.execute("SELECT count(*) FROM users").fetchone()
        assert seen == (0,)
