"""Link an objection that something was tried before to the case in which it was."""

import sqlalchemy as sa
from alembic import op

revision = "6e2b9f14d7c3"
down_revision = "d4a7e2b90c16"
branch_labels = None
depends_on = None

FOREIGN_KEY = "fk_objections_organisation_id_earlier_case_id"
INDEX = "ix_objections_organisation_id_earlier_case_id"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The table's policy and grants hold for the new column as well.
    op.add_column("objections", sa.Column("earlier_case_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f(FOREIGN_KEY),
        "objections",
        "cases",
        ["organisation_id", "earlier_case_id"],
        ["organisation_id", "id"],
        ondelete="SET NULL (earlier_case_id)",
    )
    op.create_index(op.f(INDEX), "objections", ["organisation_id", "earlier_case_id"])


def downgrade() -> None:
    op.drop_index(op.f(INDEX), "objections")
    op.drop_constraint(op.f(FOREIGN_KEY), "objections", type_="foreignkey")
    op.drop_column("objections", "earlier_case_id")
