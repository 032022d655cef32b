"""Files that belong to a case. They live and go with it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, related


class Attachment(TenantTable, Base):
    """Written once and never changed. The content is loaded only where it is asked for."""

    __tablename__ = "attachments"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "added_by_id"], ["users.organisation_id", "users.id"]),
        Index(None, "organisation_id", "case_id", "id"),
    )

    case_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    """In bytes."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    added_by_id: Mapped[UUID | None]
    """Empty when a program added it for itself."""
    added_at: Mapped[datetime]

    added_by = related("User", "Attachment.added_by_id")

    @property
    def is_picture(self) -> bool:
        """Whether a page may show it: a browser draws a picture and runs nothing in it."""
        return self.media_type.startswith("image/")
