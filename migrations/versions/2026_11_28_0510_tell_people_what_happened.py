"""Tell people what happened."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "3d8f60b2c7e4"
down_revision = "a93e5b27f04d"
branch_labels = None
depends_on = None

KINDS = (
    "question",
    "solver_asked",
    "answer",
    "hat_asked",
    "hat_answered",
    "plan_proposed",
    "plan_chosen",
    "outcome_due",
    "case_resolved",
    "case_shared",
    "practice_used",
    "mention",
    "comment",
)


def refers_to(column: str, table: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{table}.organisation_id", f"{table}.id"],
        name=op.f(f"fk_notifications_organisation_id_{column}"),
        ondelete=ondelete,
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "notifications",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        refers_to("user_id", "users", "CASCADE"),
        refers_to("actor_id", "users", "SET NULL (actor_id)"),
        refers_to("case_id", "cases", "CASCADE"),
        refers_to("practice_id", "practices", "CASCADE"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "organisation_id",
            "user_id",
            "kind",
            "subject_id",
            name=op.f("uq_notifications_organisation_id_user_id_kind_subject_id"),
        ),
    )
    op.create_index(
        op.f("ix_notifications_organisation_id_user_id_at_id"),
        "notifications",
        ["organisation_id", "user_id", "at", "id"],
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["organisation_id", "user_id", "at", "id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index(op.f("ix_notifications_organisation_id_at"), "notifications", ["organisation_id", "at"])
    op.create_index(op.f("ix_notifications_organisation_id_case_id"), "notifications", ["organisation_id", "case_id"])
    protect("notifications")


def downgrade() -> None:
    op.drop_table("notifications")
