"""Index what plans were started from: they are counted wherever a plan is made."""

import sqlalchemy as sa
from alembic import op

revision = "b51d0c8e73fa"
down_revision = "6e2b9f14d7c3"
branch_labels = None
depends_on = None

ADDED = {"ix_plans_basis_case": "basis_case_id", "ix_plans_basis_practice": "basis_practice_id"}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, column in ADDED.items():
            # What an attempt that failed left behind is of no use and stands in the way.
            op.drop_index(name, "plans", if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                "plans",
                ["organisation_id", column],
                postgresql_where=sa.text(f"{column} IS NOT NULL"),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    for name in ADDED:
        op.drop_index(name, "plans")
