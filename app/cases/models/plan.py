"""Plans A, B, …: a move with its steps, consequences and switch rule, and the objections logged on it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, children, enum_column, related


class Effort(StrEnum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


def _index_basis(kind: str) -> Index:
    """Few plans start from anything."""
    column = f"basis_{kind}_id"
    return Index(f"ix_plans_basis_{kind}", "organisation_id", column, postgresql_where=f"{column} IS NOT NULL")


class Plan(TenantTable, Base):
    __tablename__ = "plans"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "author_id"], ["users.organisation_id", "users.id"]),
        UniqueConstraint("organisation_id", "case_id", "letter"),
        _index_basis("case"),
        _index_basis("practice"),
    )

    case_id: Mapped[UUID]
    letter: Mapped[str] = mapped_column(String(2))
    version: Mapped[int] = mapped_column(default=1)
    author_id: Mapped[UUID]
    move: Mapped[str] = mapped_column(Text)
    positioning: Mapped[str] = mapped_column(Text, default="")
    good_customer: Mapped[str] = mapped_column(Text, default="")
    bad_customer: Mapped[str] = mapped_column(Text, default="")
    good_us: Mapped[str] = mapped_column(Text, default="")
    bad_us: Mapped[str] = mapped_column(Text, default="")
    effort: Mapped[Effort | None] = enum_column(Effort, "effort", nullable=True)
    switch_rule: Mapped[str] = mapped_column(Text, default="")
    switch_on: Mapped[date | None]
    basis_practice_id: Mapped[UUID | None]
    """The practice this plan was started from, if any; using it as a basis counts as reuse."""
    basis_case_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by_id: Mapped[UUID | None]

    author = related("User", "Plan.author_id")
    updated_by = related("User", "Plan.updated_by_id")
    steps = children("PlanStep", "Plan", "plan_id", "PlanStep.position")
    objections = children("Objection", "Plan", "plan_id", "Objection.id")


class PlanStep(TenantTable, Base):
    __tablename__ = "plan_steps"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "plan_id"], ["plans.organisation_id", "plans.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "owner_id"], ["users.organisation_id", "users.id"]),
        Index(None, "organisation_id", "plan_id", "position"),
    )

    plan_id: Mapped[UUID]
    position: Mapped[int]
    text: Mapped[str] = mapped_column(String(500))
    owner_id: Mapped[UUID | None]
    due_on: Mapped[date | None]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[UUID | None]

    owner = related("User", "PlanStep.owner_id")


class Objection(TenantTable, Base):
    """Resistance to a plan, by kind, with its answer; judged when the outcome is known."""

    __tablename__ = "objections"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "plan_id"], ["plans.organisation_id", "plans.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "kind_id"], ["codes.organisation_id", "codes.id"]),
        ForeignKeyConstraint(["organisation_id", "raised_by_id"], ["users.organisation_id", "users.id"]),
        ForeignKeyConstraint(["organisation_id", "answered_by_id"], ["users.organisation_id", "users.id"]),
        ForeignKeyConstraint(
            ["organisation_id", "earlier_case_id"],
            ["cases.organisation_id", "cases.id"],
            ondelete="SET NULL (earlier_case_id)",
        ),
        Index(None, "organisation_id", "plan_id", "id"),
        Index(None, "organisation_id", "earlier_case_id"),
    )

    plan_id: Mapped[UUID]
    kind_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(Text)
    raised_by_id: Mapped[UUID]
    raised_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by_id: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]
    was_right: Mapped[bool | None]
    earlier_case_id: Mapped[UUID | None]
    """In which something like the plan was tried before. Shown to those who may see that case."""

    kind = related("Code", "Objection.kind_id")
    raised_by = related("User", "Objection.raised_by_id")
    answered_by = related("User", "Objection.answered_by_id")
