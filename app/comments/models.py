"""Comments on a case or a practice, and who is mentioned in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, children, related


class Comment(TenantTable, Base):
    """What somebody remarks on one case or one practice, seen by those who see that."""

    __tablename__ = "comments"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "practice_id"], ["practices.organisation_id", "practices.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["organisation_id", "author_id"], ["users.organisation_id", "users.id"]),
        CheckConstraint("num_nonnulls(case_id, practice_id) = 1", name="one_subject"),
        Index(None, "organisation_id", "case_id", "at", "id"),
        Index(None, "organisation_id", "practice_id", "at", "id"),
    )

    case_id: Mapped[UUID | None]
    practice_id: Mapped[UUID | None]
    author_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    edited_at: Mapped[datetime | None]

    author = related("User", "Comment.author_id")
    mentions = children("CommentMention", "Comment", "comment_id", "CommentMention.id")


class CommentMention(TenantTable, Base):
    """A person or a team that a comment names with an @."""

    __tablename__ = "comment_mentions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "comment_id"], ["comments.organisation_id", "comments.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "team_id"], ["teams.organisation_id", "teams.id"], ondelete="CASCADE"),
        CheckConstraint("num_nonnulls(user_id, team_id) = 1", name="one_target"),
        UniqueConstraint(
            "organisation_id",
            "comment_id",
            "user_id",
            "team_id",
            name="uq_comment_mentions_target",
            postgresql_nulls_not_distinct=True,
        ),
    )

    comment_id: Mapped[UUID]
    user_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    written: Mapped[str] = mapped_column(String(120))
    """The name as it stands in the text, which a person may have changed since."""
