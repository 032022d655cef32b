"""Keep what an answer said before."""

from alembic import op

revision = "c5d08b3e6f41"
down_revision = "8e2c5a91f7b3"
branch_labels = None
depends_on = None

CONSTRAINT = "ck_revisions_kind"
BEFORE = ("story", "outcome", "plan", "practice")
ADDED = ("answer", "objection_answer")


def allow(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f(CONSTRAINT), "revisions")
    op.create_check_constraint(op.f(CONSTRAINT), "revisions", f"kind IN ({listed})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    allow((*BEFORE, *ADDED))


def downgrade() -> None:
    allow(BEFORE)
