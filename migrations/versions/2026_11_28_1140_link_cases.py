"""Let people declare that cases belong together."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "a7d20c6e3f15"
down_revision = "e93a5b7c1d08"
branch_labels = None
depends_on = None

KINDS = ("duplicate_of", "follows_from", "related")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "case_links",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind", sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=40), nullable=False
        ),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("case_id <> other_id", name=op.f("ck_case_links_two_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_case_links_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "other_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_case_links_organisation_id_other_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "made_by_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_case_links_organisation_id_made_by_id"),
            ondelete="SET NULL (made_by_id)",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_case_links")),
        sa.UniqueConstraint(
            "organisation_id", "case_id", "other_id", name=op.f("uq_case_links_organisation_id_case_id_other_id")
        ),
    )
    op.create_index(op.f("ix_case_links_organisation_id_other_id"), "case_links", ["organisation_id", "other_id"])
    protect("case_links")


def downgrade() -> None:
    op.drop_table("case_links")
