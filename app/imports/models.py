"""A file of cases on its way in: uploaded, mapped, checked without effect, then imported by a job."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, enum_column

KEPT = timedelta(days=7)
"""A file is deleted so long after it was uploaded."""


class Stage(StrEnum):
    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    IMPORTED = "imported"


UNDER_WAY = frozenset({Stage.CHECKING, Stage.IMPORTING})


class Import(TenantTable, Base):
    __tablename__ = "imports"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        Index(None, "organisation_id", "user_id", "created_at", "id"),
        Index(None, "organisation_id", "created_at"),
    )

    user_id: Mapped[UUID]
    """The admin who uploaded it, and alone may see it."""
    created_at: Mapped[datetime]
    file_name: Mapped[str] = mapped_column(String(140))
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    columns: Mapped[list[str]] = mapped_column(JSONB)
    sample: Mapped[list[list[str]]] = mapped_column(JSONB)
    """The first rows, to recognise the columns by."""
    mapping: Mapped[dict[str, int]] = mapped_column(JSONB)
    """Number of the column by field of a case."""
    posts: Mapped[bool] = mapped_column(default=True)
    """Whether the cases are posted; otherwise they stay drafts of their owners."""
    stage: Mapped[Stage] = enum_column(Stage, "stage", default=Stage.UPLOADED)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    """Of the first rows that cannot be taken: `row` as a spreadsheet counts it, and `fields` with their messages."""

    @property
    def taken(self) -> int:
        return self.done - self.failed
