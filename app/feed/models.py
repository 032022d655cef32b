"""What people keep in the feed: whom and what they follow, and what they set aside to come back to."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, enum_column, related


class Purpose(StrEnum):
    FOLLOW = "follow"
    BOOKMARK = "bookmark"


class SubjectKind(StrEnum):
    PERSON = "person"
    TEAM = "team"
    OBSTACLE = "obstacle"
    TAG = "tag"
    CASE = "case"
    PRACTICE = "practice"


TAG_LENGTH = 60


class Mark(TenantTable, Base):
    """Somebody follows one subject, or bookmarks it. Exactly one of the subjects is filled in."""

    __tablename__ = "marks"
    __table_args__ = (
        *(
            ForeignKeyConstraint(
                ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"], ondelete="CASCADE"
            )
            for column, table in (
                ("user_id", "users"),
                ("person_id", "users"),
                ("team_id", "teams"),
                ("code_id", "codes"),
                ("case_id", "cases"),
                ("practice_id", "practices"),
            )
        ),
        CheckConstraint("num_nonnulls(person_id, team_id, code_id, tag, case_id, practice_id) = 1", name="one_subject"),
        CheckConstraint("purpose = 'follow' OR num_nonnulls(case_id, practice_id) = 1", name="bookmarked"),
        UniqueConstraint(
            "organisation_id",
            "user_id",
            "purpose",
            "person_id",
            "team_id",
            "code_id",
            "tag",
            "case_id",
            "practice_id",
            name="uq_marks_subject",
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "organisation_id", "case_id"),
        Index(None, "organisation_id", "practice_id"),
    )

    user_id: Mapped[UUID]
    purpose: Mapped[Purpose] = enum_column(Purpose, "purpose")
    person_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    code_id: Mapped[UUID | None]
    """Of an obstacle."""
    tag: Mapped[str | None] = mapped_column(String(TAG_LENGTH))
    """In lower case."""
    case_id: Mapped[UUID | None]
    practice_id: Mapped[UUID | None]
    at: Mapped[datetime]


class Outlet(StrEnum):
    """Where a program of the person's own fetches something."""

    FEED = "feed"
    CALENDAR = "calendar"


class PrivateAddress(TenantTable, Base):
    """An address by which a feed reader or a calendar reads with a person's rights, stored as a digest."""

    __tablename__ = "private_addresses"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "user_id", "outlet"),
        UniqueConstraint("organisation_id", "token_hash"),
    )

    user_id: Mapped[UUID]
    outlet: Mapped[Outlet] = enum_column(Outlet, "outlet")
    token_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    used_on: Mapped[date | None]


class News(TenantTable, Base):
    """Something from above, which the managers pass on to the teams it concerns."""

    __tablename__ = "news"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "author_id"], ["users.organisation_id", "users.id"]),
        ForeignKeyConstraint(["organisation_id", "code_id"], ["codes.organisation_id", "codes.id"]),
        Index(None, "organisation_id", "at", "id"),
    )

    author_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2))
    code_id: Mapped[UUID | None]
    """The obstacle it helps with."""
    at: Mapped[datetime]

    author = related("User", "News.author_id")
    code = related("Code", "News.code_id")


class NewsDecision(TenantTable, Base):
    """What a manager decided for one of the teams: passed on, with a word about it, or not for them."""

    __tablename__ = "news_decisions"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "news_id"], ["news.organisation_id", "news.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "team_id"], ["teams.organisation_id", "teams.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "decided_by_id"], ["users.organisation_id", "users.id"]),
        UniqueConstraint("organisation_id", "news_id", "team_id"),
        Index(None, "organisation_id", "team_id"),
    )

    news_id: Mapped[UUID]
    team_id: Mapped[UUID]
    passes: Mapped[bool]
    comment: Mapped[str] = mapped_column(Text, default="")
    decided_by_id: Mapped[UUID]
    at: Mapped[datetime]
