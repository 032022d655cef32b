"""The deal as the CRM knows it."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, enum_column


class DealStatus(StrEnum):
    """How the deal stands in the CRM, apart from its stage."""

    OPEN = "open"
    STALLED = "stalled"
    WON = "won"
    LOST = "lost"


class Deal(TenantTable, Base):
    """A deal: who the customer is and what is at stake. The story of why it is stuck is the case's."""

    __tablename__ = "deals"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        Index(
            "uq_deals_organisation_id_source_external_id",
            "organisation_id",
            "source",
            "external_id",
            unique=True,
            postgresql_where="source <> ''",
        ),
        CheckConstraint("(source = '') = (external_id = '')", name="source_with_external_id"),
    )

    title: Mapped[str] = mapped_column(String(140), default="", server_default="")
    """What the CRM calls it; a case has a title of its own."""
    customer: Mapped[str] = mapped_column(String(140), default="")
    amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    currency: Mapped[str] = mapped_column(String(3), default="")
    close_date: Mapped[date | None]
    pipeline: Mapped[str] = mapped_column(String(120), default="", server_default="")
    stage: Mapped[str] = mapped_column(String(120), default="", server_default="")
    """In the words of the CRM; the stage of a case is one of the organisation's codes."""
    status: Mapped[DealStatus] = enum_column(
        DealStatus, "status", default=DealStatus.OPEN, server_default=DealStatus.OPEN.value
    )
    url: Mapped[str] = mapped_column(String(500), default="")
    source: Mapped[str] = mapped_column(String(60), default="")
    """The CRM it comes from, such as `hubspot`; empty for a deal written down here."""
    external_id: Mapped[str] = mapped_column(String(120), default="")
    source_updated_at: Mapped[datetime | None]
    """When the CRM last changed what it sent: what it sent of an earlier time changes nothing."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    owner_id: Mapped[UUID | None]
