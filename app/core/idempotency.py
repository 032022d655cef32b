"""A POST repeated with the same `Idempotency-Key` gets the first answer again and happens once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable


class IdempotencyKey(TenantTable, Base):
    __tablename__ = "idempotency_keys"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "principal_id", "key"),
        Index(None, "organisation_id", "created_at"),
    )

    principal_id: Mapped[UUID]
    """The user or the API key that sent it: two clients' keys never meet."""
    key: Mapped[str] = mapped_column(String(200))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[str] = mapped_column(String(2000), default="{}")
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
