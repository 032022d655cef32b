"""The practice: the reusable story of a case, with its own audience and its own trust."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint, func
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, children, enum_column, related


class Audience(StrEnum):
    EVERYONE = "everyone"
    TEAM = "team"


class Trust(StrEnum):
    NOT_VALIDATED = "not_validated"
    VALIDATED = "validated"
    NEEDS_REVIEW = "needs_review"
    OBSOLETE = "obsolete"


class UseResult(StrEnum):
    WORKED = "worked"
    PARTLY = "partly"
    NOT = "not"


def _take_shared_at(context: DefaultExecutionContext) -> datetime:
    given = context.get_current_parameters()  # type: ignore[no-untyped-call]
    shared_at: datetime | None = given.get("shared_at")
    return shared_at or datetime.now(UTC)


class Practice(TenantTable, Base):
    __tablename__ = "practices"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "solver_id"], ["users.organisation_id", "users.id"]),
        ForeignKeyConstraint(["organisation_id", "team_id"], ["teams.organisation_id", "teams.id"]),
        ForeignKeyConstraint(["organisation_id", "trust_by_id"], ["users.organisation_id", "users.id"]),
        UniqueConstraint("organisation_id", "case_id"),
        Index(None, "organisation_id", "surfaced_at", "id"),
        Index(None, "organisation_id", "audience"),
        Index(None, "organisation_id", "team_id"),
        Index(None, "organisation_id", "solver_id"),
    )

    case_id: Mapped[UUID]
    solver_id: Mapped[UUID]
    team_id: Mapped[UUID | None]
    audience: Mapped[Audience] = enum_column(Audience, "audience", default=Audience.EVERYONE)
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(140))
    when_to_use: Mapped[str] = mapped_column(Text, default="")
    what_to_do: Mapped[str] = mapped_column(Text, default="")
    what_to_say: Mapped[str] = mapped_column(Text, default="")
    why_it_worked: Mapped[str] = mapped_column(Text, default="")
    when_not_to: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(2), default="")
    trust: Mapped[Trust] = enum_column(Trust, "trust", default=Trust.NOT_VALIDATED)
    trust_by_id: Mapped[UUID | None]
    trust_at: Mapped[datetime | None]
    trust_note: Mapped[str] = mapped_column(Text, default="")
    shared_at: Mapped[datetime] = mapped_column(server_default=func.now())
    surfaced_at: Mapped[datetime] = mapped_column(default=_take_shared_at)
    """When it was shared, or last worked for a colleague: its place in the feed and in lists, newest first."""
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    case = related("Case", "Practice.case_id")
    solver = related("User", "Practice.solver_id")
    trust_by = related("User", "Practice.trust_by_id")
    team = related("Team", "Practice.team_id")
    uses = children("PracticeUse", "Practice", "practice_id", "PracticeUse.id.desc()")


class PracticeUse(TenantTable, Base):
    """Somebody used the practice, and how it went."""

    __tablename__ = "practice_uses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "practice_id"], ["practices.organisation_id", "practices.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"]),
        ForeignKeyConstraint(
            ["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="SET NULL (case_id)"
        ),
        Index(None, "organisation_id", "practice_id", "id"),
    )

    practice_id: Mapped[UUID]
    user_id: Mapped[UUID]
    case_id: Mapped[UUID | None]
    result: Mapped[UseResult | None] = enum_column(UseResult, "result", nullable=True)
    """Empty while it is being tried: taken as the basis of a plan whose case is still open."""
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    user = related("User", "PracticeUse.user_id")
