"""An export: asked for by one person or program, written by a job, kept for a short time."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, enum_column, related

KEPT = timedelta(days=2)
"""A file is deleted so long after it was asked for."""


class Scope(StrEnum):
    ORGANISATION = "organisation"
    PERSON = "person"


class Export(TenantTable, Base):
    __tablename__ = "exports"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        Index(None, "organisation_id", "principal_id", "created_at", "id"),
        Index(None, "organisation_id", "created_at"),
    )

    scope: Mapped[Scope] = enum_column(Scope, "scope")
    user_id: Mapped[UUID | None]
    """Whose data, for the scope `person`."""
    principal_id: Mapped[UUID]
    """The person or program that asked, and alone may fetch it."""
    created_at: Mapped[datetime]
    total: Mapped[int] = mapped_column(default=0)
    """Rows to be written, counted when the job begins."""
    done: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    size: Mapped[int] = mapped_column(default=0)
    """In bytes, once finished."""

    user = related("User", "Export.user_id")

    @property
    def expires_at(self) -> datetime:
        return self.created_at + KEPT


class ExportPart(TenantTable, Base):
    """A piece of the file, small enough to be held in memory."""

    __tablename__ = "export_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "export_id"], ["exports.organisation_id", "exports.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("organisation_id", "export_id", "position"),
    )

    export_id: Mapped[UUID]
    position: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)
