"""Tell who follows, whose case is used and who keeps a practice."""

import sqlalchemy as sa
from alembic import op

revision = "b5e17c3a90d4"
down_revision = "d7e2c4b80a19"
branch_labels = None
depends_on = None

CONSTRAINT = "ck_notifications_kind"
BEFORE = (
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
ADDED = ("case_posted", "case_reopened", "case_used", "practice_changed", "practice_flagged")


def allow(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f(CONSTRAINT), "notifications")
    op.create_check_constraint(op.f(CONSTRAINT), "notifications", f"kind IN ({listed})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    allow(BEFORE + ADDED)


def downgrade() -> None:
    kind = sa.column("kind", sa.String())
    op.execute(sa.delete(sa.table("notifications", kind)).where(kind.in_(ADDED)))
    allow(BEFORE)
