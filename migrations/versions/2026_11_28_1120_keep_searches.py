"""Keep searches that people want to hear of, and those that found nothing."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "e93a5b7c1d08"
down_revision = "c41d7f0e96b2"
branch_labels = None
depends_on = None

CONSTRAINT = "ck_notifications_kind"
BEFORE = (
    "case_posted",
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
    "case_reopened",
    "case_used",
    "practice_used",
    "practice_changed",
    "practice_flagged",
    "mention",
    "comment",
)
ADDED = "search_found"


def allow(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f(CONSTRAINT), "notifications")
    op.create_check_constraint(op.f(CONSTRAINT), "notifications", f"kind IN ({listed})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    allow((*BEFORE, ADDED))
    op.create_table(
        "saved_searches",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_saved_searches_organisation_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint(
            "organisation_id", "user_id", "text", name=op.f("uq_saved_searches_organisation_id_user_id_text")
        ),
    )
    protect("saved_searches")
    op.create_table(
        "unanswered_searches",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_unanswered_searches_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_unanswered_searches")),
    )
    op.create_index(op.f("ix_unanswered_searches_organisation_id_at"), "unanswered_searches", ["organisation_id", "at"])
    protect("unanswered_searches")


def downgrade() -> None:
    op.drop_table("unanswered_searches")
    op.drop_table("saved_searches")
    kind = sa.column("kind", sa.String())
    op.execute(sa.delete(sa.table("notifications", kind)).where(kind == ADDED))
    allow(BEFORE)
