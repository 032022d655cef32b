"""Let a case be posted without a name: a stand-in is seen in the place of whoever posted it."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "8e2c5a91f7b3"
down_revision = "3b7f19d5a0e4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column("users", "identity_id", nullable=True)
    op.add_column("cases", sa.Column("anonymous", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "stand_ins",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_stand_ins_organisation_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_stand_ins_organisation_id_person_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_stand_ins_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "practice_id"],
            ["practices.organisation_id", "practices.id"],
            name=op.f("fk_stand_ins_organisation_id_practice_id"),
            ondelete="SET NULL (practice_id)",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_stand_ins")),
        sa.UniqueConstraint("organisation_id", "user_id", name=op.f("uq_stand_ins_organisation_id_user_id")),
        sa.UniqueConstraint("organisation_id", "case_id", name=op.f("uq_stand_ins_organisation_id_case_id")),
    )
    op.create_index(op.f("ix_stand_ins_organisation_id_person_id"), "stand_ins", ["organisation_id", "person_id"])
    protect("stand_ins")


def downgrade() -> None:
    op.drop_table("stand_ins")
    op.drop_column("cases", "anonymous")
    op.alter_column("users", "identity_id", nullable=False)
