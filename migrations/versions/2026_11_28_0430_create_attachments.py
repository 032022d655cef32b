"""Create attachments."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "c4f17a92be05"
down_revision = "c3a91f5e70d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "attachments",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("added_by_id", sa.Uuid(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_attachments_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "added_by_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_attachments_organisation_id_added_by_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_attachments")),
    )
    # Files are compressed already: PostgreSQL need not try again.
    op.execute("ALTER TABLE attachments ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_index(
        op.f("ix_attachments_organisation_id_case_id_id"), "attachments", ["organisation_id", "case_id", "id"]
    )
    protect("attachments")


def downgrade() -> None:
    op.drop_table("attachments")
