"""Keep the private addresses of feeds and calendars."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "5e0c94d7b1a6"
down_revision = "3d8f60b2c7e4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "private_addresses",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "outlet",
            sa.Enum("feed", "calendar", name="outlet", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_private_addresses_organisation_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_private_addresses")),
        sa.UniqueConstraint(
            "organisation_id", "user_id", "outlet", name=op.f("uq_private_addresses_organisation_id_user_id_outlet")
        ),
        sa.UniqueConstraint(
            "organisation_id", "token_hash", name=op.f("uq_private_addresses_organisation_id_token_hash")
        ),
    )
    protect("private_addresses")


def downgrade() -> None:
    op.drop_table("private_addresses")
