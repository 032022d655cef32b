"""What makes a table safe to share between organisations; used by the migration that creates it."""

import os
from urllib.parse import urlsplit

from alembic import op

WRITE = "SELECT, INSERT, UPDATE, DELETE"
APPEND = "SELECT, INSERT"


def app_role() -> str:
    """The role the app connects as: the user of DATABASE_URL, or that of the embedded server."""
    configured = op.get_context().config
    named = configured.attributes.get("app_role") if configured else None
    return named or urlsplit(os.environ.get("DATABASE_URL", "")).username or "unstuck_app"


def grant(table: str, privileges: str = WRITE) -> None:
    """Give the app's role these rights on a table, and no others."""
    op.execute(f'REVOKE ALL ON {table} FROM "{app_role()}"')
    op.execute(f'GRANT {privileges} ON {table} TO "{app_role()}"')


def protect(table: str, privileges: str = WRITE) -> None:
    """Show and take rows of the transaction's organisation alone, from the owner of the table too."""
    grant(table, privileges)
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    # Inside a SELECT the setting is read once a query; without it, once a row.
    op.execute(
        f"CREATE POLICY tenant ON {table}"
        " USING (organisation_id = (SELECT NULLIF(current_setting('unstuck.organisation', true), '')::uuid))"
        " WITH CHECK (organisation_id = NULLIF(current_setting('unstuck.organisation', true), '')::uuid)"
    )
