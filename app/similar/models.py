"""Passages: the text of cases and practices, cut by section, with its words; and their vectors beside them.

And what people said of the matches they were shown.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, enum_column
from app.embeddings.slot import DIMENSIONS


class Passage(TenantTable, Base):
    """A section of a case, or of the practice made from it, small enough to be embedded whole."""

    __tablename__ = "passages"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "practice_id"], ["practices.organisation_id", "practices.id"], ondelete="CASCADE"
        ),
        UniqueConstraint(
            "organisation_id", "case_id", "practice_id", "section", "position", postgresql_nulls_not_distinct=True
        ),
        Index(None, "organisation_id", "practice_id"),
        Index(None, "organisation_id", "words", postgresql_using="gin"),
    )

    case_id: Mapped[UUID]
    practice_id: Mapped[UUID | None]
    """Set for a passage of the practice: its audience applies, not the case's."""
    language: Mapped[str] = mapped_column(String(2))
    section: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(TSVECTOR)


class Generation(TenantTable, Base):
    """The vectors that one model made. Beside the one in use another may be in the making."""

    __tablename__ = "generations"
    __table_args__ = (
        UniqueConstraint("organisation_id", "model"),
        Index(None, "organisation_id", unique=True, postgresql_where=text("in_use")),
    )

    model: Mapped[str] = mapped_column(String(120))
    """Identity of the model."""
    in_use: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PassageVector(Base):
    """A passage as a model reads it. Apart from the text, for every search compares many of these rows."""

    __tablename__ = "passage_vectors"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "generation_id"],
            ["generations.organisation_id", "generations.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "passage_id"], ["passages.organisation_id", "passages.id"], ondelete="CASCADE"
        ),
        Index(None, "organisation_id", "passage_id"),
        Index(None, "organisation_id", "generation_id", "case_id"),
        Index(
            None,
            "vector",
            postgresql_using="hnsw",
            postgresql_with={"m": 24, "ef_construction": 128},
            postgresql_ops={"vector": "halfvec_ip_ops"},
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    generation_id: Mapped[UUID] = mapped_column(primary_key=True)
    passage_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID]
    practice_id: Mapped[UUID | None]
    """As the passage has them."""
    vector: Mapped[Any] = mapped_column(HALFVEC(DIMENSIONS))


class StoryVector(TenantTable, Base):
    """The problem of a case, or of the practice made from it, as the model reads why it is stuck."""

    __tablename__ = "story_vectors"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "generation_id"],
            ["generations.organisation_id", "generations.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "practice_id"], ["practices.organisation_id", "practices.id"], ondelete="CASCADE"
        ),
        UniqueConstraint(
            "organisation_id", "generation_id", "case_id", "practice_id", postgresql_nulls_not_distinct=True
        ),
        Index(None, "organisation_id", "case_id"),
        Index(None, "organisation_id", "practice_id"),
        Index(
            None,
            "vector",
            postgresql_using="hnsw",
            postgresql_with={"m": 24, "ef_construction": 128},
            postgresql_ops={"vector": "halfvec_ip_ops"},
        ),
    )

    generation_id: Mapped[UUID]
    case_id: Mapped[UUID]
    practice_id: Mapped[UUID | None]
    content_hash: Mapped[str] = mapped_column(String(64))
    """Of the text that was read."""
    vector: Mapped[Any] = mapped_column(HALFVEC(DIMENSIONS))


class FeedbackReason(StrEnum):
    """Why a match did not help."""

    OTHER_OBSTACLE = "other_obstacle"
    OTHER_CUSTOMER = "other_customer"
    OUTCOME_UNCLEAR = "outcome_unclear"
    OUT_OF_DATE = "out_of_date"
    OTHER = "other"


class MatchFeedback(TenantTable, Base):
    """Somebody found a match not helpful: once a person for each match and the case it was shown for."""

    __tablename__ = "match_feedback"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"]),
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "asking_case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"
        ),
        UniqueConstraint(
            "organisation_id",
            "case_id",
            "user_id",
            "asking_case_id",
            name="uq_match_feedback_pair",
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "organisation_id", "asking_case_id"),
    )

    user_id: Mapped[UUID]
    case_id: Mapped[UUID]
    """The case that was shown, or the one whose practice was."""
    asking_case_id: Mapped[UUID | None]
    """The case it was shown for; empty for a search."""
    reason: Mapped[FeedbackReason] = enum_column(FeedbackReason, "reason")
    words: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class SavedSearch(TenantTable, Base):
    """A search that somebody wants to hear of when something new fits it."""

    __tablename__ = "saved_searches"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "user_id", "text"),
    )

    user_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(Text)
    """As it is typed, operators and all."""
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime]
    """What moved since then has not been looked at yet."""


class UnansweredSearch(TenantTable, Base):
    """Words that nothing was close enough to. Who searched is not kept."""

    __tablename__ = "unanswered_searches"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        Index(None, "organisation_id", "at"),
    )

    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
