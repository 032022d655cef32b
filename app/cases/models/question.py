"""Questions to the owner of a case, or to somebody named: sparring before advice."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, related


class Question(TenantTable, Base):
    __tablename__ = "questions"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "asked_by_id"], ["users.organisation_id", "users.id"]),
        ForeignKeyConstraint(["organisation_id", "addressed_to_id"], ["users.organisation_id", "users.id"]),
        ForeignKeyConstraint(["organisation_id", "answered_by_id"], ["users.organisation_id", "users.id"]),
        Index(None, "organisation_id", "case_id", "id"),
        Index("ix_questions_open", "organisation_id", "case_id", postgresql_where="answered_at IS NULL"),
    )

    case_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[UUID]
    asked_at: Mapped[datetime]
    addressed_to_id: Mapped[UUID | None]
    """Empty means the owner."""
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by_id: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]

    asked_by = related("User", "Question.asked_by_id")
    addressed_to = related("User", "Question.addressed_to_id")
    answered_by = related("User", "Question.answered_by_id")
    case = related("Case", "Question.case_id")
