"""Closed lists that an admin may rename, extend and retire: obstacles, outcomes, stages and the like."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, enum_column
from app.core.i18n import current_language


class CodeKind(StrEnum):
    OBSTACLE = "obstacle"
    OUTCOME = "outcome"
    OBJECTION = "objection"
    STAGE = "stage"
    INDUSTRY = "industry"


class Code(TenantTable, Base):
    __tablename__ = "codes"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "kind", "key"),
    )

    kind: Mapped[CodeKind] = enum_column(CodeKind, "kind")
    key: Mapped[str] = mapped_column(String(60))
    """Stable: programs and rules know a code by its key."""
    names: Mapped[dict[str, str]] = mapped_column(JSONB)
    """By language: nb, sv, en."""
    definitions: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    templates: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Of an obstacle: what is worth telling of the situation, by language. Empty means as it comes with the product."""
    position: Mapped[int] = mapped_column(default=0)
    built_in: Mapped[bool] = mapped_column(default=False)
    retired_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """In the language of the request."""
        return self.names.get(current_language()) or next(iter(self.names.values()))

    @property
    def definition(self) -> str:
        return self.definitions.get(current_language(), "")
