"""Keep deals in step with the CRM."""

import sqlalchemy as sa
from alembic import op

revision = "d91f4c7a2b60"
down_revision = "c5d08b3e6f41"
branch_labels = None
depends_on = None

STATUSES = ("open", "stalled", "won", "lost")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, length in (("title", 140), ("pipeline", 120), ("stage", 120)):
        op.add_column("deals", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    status = sa.Enum(*STATUSES, name="status", native_enum=False, create_constraint=True, length=40)
    op.add_column("deals", sa.Column("status", status, nullable=False, server_default="open"))
    op.add_column("deals", sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("source_updated_at", "status", "stage", "pipeline", "title"):
        op.drop_column("deals", name)
