"""Keep what people want to hear by mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import protect

revision = "c41d7f0e96b2"
down_revision = "b5e17c3a90d4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("notifications", sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "mail_choices",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("rates", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("weekly", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("weekly_sent_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_mail_choices_organisation_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_mail_choices")),
        sa.UniqueConstraint("organisation_id", "user_id", name=op.f("uq_mail_choices_organisation_id_user_id")),
    )
    protect("mail_choices")


def downgrade() -> None:
    op.drop_table("mail_choices")
    op.drop_column("notifications", "mailed_at")
