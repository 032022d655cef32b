"""What a text of a case said before it was changed, and after."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, enum_column, related


class RevisionKind(StrEnum):
    """What the texts are those of."""

    STORY = "story"
    OUTCOME = "outcome"
    PLAN = "plan"
    ANSWER = "answer"
    OBJECTION_ANSWER = "objection_answer"
    PRACTICE = "practice"


class Revision(TenantTable, Base):
    """All texts of one thing as somebody left them. Append-only; it lives and goes with the case."""

    __tablename__ = "revisions"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        Index(None, "organisation_id", "case_id", "at", "id"),
    )

    case_id: Mapped[UUID]
    kind: Mapped[RevisionKind] = enum_column(RevisionKind, "kind")
    subject_id: Mapped[UUID]
    """The plan, the question, the objection or the practice; of story and outcome, the case."""
    texts: Mapped[dict[str, str]] = mapped_column(JSONB)
    """By the name of the field; the steps of a plan are lines of one text."""
    user_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    at: Mapped[datetime]

    user = related("User", "Revision.user_id")
