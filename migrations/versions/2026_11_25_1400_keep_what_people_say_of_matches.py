"""Keep what people say of the matches they were shown."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "7e2c5d9a41b8"
down_revision = "b51d0c8e73fa"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "match_feedback",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("asking_case_id", sa.Uuid(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "other_obstacle",
                "other_customer",
                "outcome_unclear",
                "out_of_date",
                "other",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_match_feedback_organisation_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_match_feedback_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "asking_case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_match_feedback_organisation_id_asking_case_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_match_feedback")),
        sa.UniqueConstraint(
            "organisation_id",
            "case_id",
            "user_id",
            "asking_case_id",
            name="uq_match_feedback_pair",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_match_feedback_organisation_id_asking_case_id"),
        "match_feedback",
        ["organisation_id", "asking_case_id"],
    )
    protect("match_feedback")


def downgrade() -> None:
    op.drop_table("match_feedback")
