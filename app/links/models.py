"""What somebody declared about two cases."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.core.db import Base, TenantTable, enum_column


class LinkKind(StrEnum):
    """What the first case is to the other."""

    DUPLICATE_OF = "duplicate_of"
    FOLLOWS_FROM = "follows_from"
    RELATED = "related"


class CaseLink(TenantTable, Base):
    __tablename__ = "case_links"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "other_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["organisation_id", "made_by_id"], ["users.organisation_id", "users.id"], ondelete="SET NULL (made_by_id)"
        ),
        CheckConstraint("case_id <> other_id", name="two_cases"),
        UniqueConstraint("organisation_id", "case_id", "other_id"),
        Index(None, "organisation_id", "other_id"),
    )

    case_id: Mapped[UUID]
    other_id: Mapped[UUID]
    kind: Mapped[LinkKind] = enum_column(LinkKind, "kind")
    made_by_id: Mapped[UUID | None]
    at: Mapped[datetime]
