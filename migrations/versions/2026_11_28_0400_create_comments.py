"""Create comments on cases and practices, and whom they mention."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "c3a91f5e70d2"
down_revision = "3f1b7a60c2d4"
branch_labels = None
depends_on = None


def _references(table: str, column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{target}.organisation_id", f"{target}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
        ondelete=ondelete,
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "comments",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        _references("comments", "case_id", "cases", "CASCADE"),
        _references("comments", "practice_id", "practices", "CASCADE"),
        _references("comments", "author_id", "users"),
        sa.CheckConstraint("num_nonnulls(case_id, practice_id) = 1", name=op.f("ck_comments_one_subject")),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_comments")),
    )
    for column in ("case_id", "practice_id"):
        op.create_index(
            op.f(f"ix_comments_organisation_id_{column}_at_id"), "comments", ["organisation_id", column, "at", "id"]
        )
    protect("comments")
    op.create_table(
        "comment_mentions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("written", sa.String(120), nullable=False),
        _references("comment_mentions", "comment_id", "comments", "CASCADE"),
        _references("comment_mentions", "user_id", "users", "CASCADE"),
        _references("comment_mentions", "team_id", "teams", "CASCADE"),
        sa.CheckConstraint("num_nonnulls(user_id, team_id) = 1", name=op.f("ck_comment_mentions_one_target")),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_comment_mentions")),
        sa.UniqueConstraint(
            "organisation_id",
            "comment_id",
            "user_id",
            "team_id",
            name="uq_comment_mentions_target",
            postgresql_nulls_not_distinct=True,
        ),
    )
    protect("comment_mentions")


def downgrade() -> None:
    op.drop_table("comment_mentions")
    op.drop_table("comments")
