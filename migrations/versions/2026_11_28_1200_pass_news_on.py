"""Keep news from above, and what managers decide about it for their teams."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "3b7f19d5a0e4"
down_revision = "f1b84e62d9c7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "news",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "author_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_news_organisation_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "code_id"],
            ["codes.organisation_id", "codes.id"],
            name=op.f("fk_news_organisation_id_code_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_news")),
    )
    op.create_index(op.f("ix_news_organisation_id_at_id"), "news", ["organisation_id", "at", "id"])
    protect("news")
    op.create_table(
        "news_decisions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("news_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("passes", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "news_id"],
            ["news.organisation_id", "news.id"],
            name=op.f("fk_news_decisions_organisation_id_news_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "team_id"],
            ["teams.organisation_id", "teams.id"],
            name=op.f("fk_news_decisions_organisation_id_team_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "decided_by_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_news_decisions_organisation_id_decided_by_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_news_decisions")),
        sa.UniqueConstraint(
            "organisation_id", "news_id", "team_id", name=op.f("uq_news_decisions_organisation_id_news_id_team_id")
        ),
    )
    op.create_index(op.f("ix_news_decisions_organisation_id_team_id"), "news_decisions", ["organisation_id", "team_id"])
    protect("news_decisions")


def downgrade() -> None:
    op.drop_table("news_decisions")
    op.drop_table("news")
