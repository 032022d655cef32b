"""Keep exports for a short time."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "d80b3f6c19ae"
down_revision = "c4a1e07d52f9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "exports",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum("organisation", "person", name="scope", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_exports_organisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_exports_organisation_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_exports")),
    )
    op.create_index(
        op.f("ix_exports_organisation_id_principal_id_created_at_id"),
        "exports",
        ["organisation_id", "principal_id", "created_at", "id"],
    )
    op.create_index(op.f("ix_exports_organisation_id_created_at"), "exports", ["organisation_id", "created_at"])
    op.create_table(
        "export_parts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "export_id"],
            ["exports.organisation_id", "exports.id"],
            name=op.f("fk_export_parts_organisation_id_export_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_export_parts")),
        sa.UniqueConstraint(
            "organisation_id",
            "export_id",
            "position",
            name=op.f("uq_export_parts_organisation_id_export_id_position"),
        ),
    )
    protect("exports")
    protect("export_parts")


def downgrade() -> None:
    op.drop_table("export_parts")
    op.drop_table("exports")
