"""Passages: the text of cases and practices, cut by section, each with its vector and its words."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable
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
    model: Mapped[str | None] = mapped_column(String(120))
    """Identity of the model that made the vector; empty while there is none."""
    vector: Mapped[Any | None] = mapped_column(HALFVEC(DIMENSIONS))
    section: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(TSVECTOR)
