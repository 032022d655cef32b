"""The case, its obstacles, its moves and the hats people wear on it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.cases.workflow import State
from app.core.db import Base, TenantTable, children, enum_column, related
from app.core.i18n import N_


class Visibility(StrEnum):
    TEAM = "team"
    EVERYONE = "everyone"
    RESTRICTED = "restricted"


class HatKind(StrEnum):
    OWNER = "owner"
    SPARRING_PARTNER = "sparring_partner"
    DECISION_MAKER = "decision_maker"
    EXPERT = "expert"
    DOOR_OPENER = "door_opener"
    DEVILS_ADVOCATE = "devils_advocate"


HAT_NAMES: dict[HatKind, str] = {
    HatKind.OWNER: N_("owner"),
    HatKind.SPARRING_PARTNER: N_("sparring partner"),
    HatKind.DECISION_MAKER: N_("decision maker"),
    HatKind.EXPERT: N_("expert"),
    HatKind.DOOR_OPENER: N_("door-opener"),
    HatKind.DEVILS_ADVOCATE: N_("devil's advocate"),
}
"""Marked for the catalogue, not yet translated."""


class HatStatus(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"


def _belongs_to(column: str, table: str, ondelete: str = "") -> ForeignKeyConstraint:
    target = [f"{table}.organisation_id", f"{table}.id"]
    return ForeignKeyConstraint(["organisation_id", column], target, ondelete=ondelete or None)


class Case(TenantTable, Base):
    __tablename__ = "cases"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        _belongs_to("owner_id", "users"),
        _belongs_to("author_id", "users"),
        _belongs_to("client_id", "api_keys"),
        _belongs_to("team_id", "teams"),
        _belongs_to("deal_id", "deals"),
        _belongs_to("industry_id", "codes"),
        _belongs_to("stage_id", "codes"),
        _belongs_to("outcome_id", "codes"),
        ForeignKeyConstraint(
            ["organisation_id", "chosen_plan_id"],
            ["plans.organisation_id", "plans.id"],
            name="fk_cases_organisation_id_chosen_plan_id",
            use_alter=True,
            ondelete="SET NULL (chosen_plan_id)",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "outcome_plan_id"],
            ["plans.organisation_id", "plans.id"],
            name="fk_cases_organisation_id_outcome_plan_id",
            use_alter=True,
            ondelete="SET NULL (outcome_plan_id)",
        ),
        Index(None, "organisation_id", "owner_id", "moved_at", "id"),
        Index(None, "organisation_id", "team_id", "state"),
        Index(None, "organisation_id", "moved_at", "id"),
        Index(None, "organisation_id", "state", "moved_at", "id"),
        Index(None, "organisation_id", "deal_id"),
        Index(None, "organisation_id", "visibility", "state", "id"),
        Index(None, "organisation_id", "language", "state"),
        Index(None, "organisation_id", "outcome_id", "state"),
        Index(None, "organisation_id", "client_id"),
    )

    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[State] = enum_column(State, "state", default=State.DRAFT)
    visibility: Mapped[Visibility] = enum_column(Visibility, "visibility", default=Visibility.TEAM)
    owner_id: Mapped[UUID]
    """The seller responsible."""
    author_id: Mapped[UUID | None]
    """Who wrote it; empty when a program did, which `client_id` then names."""
    client_id: Mapped[UUID | None]
    anonymous: Mapped[bool] = mapped_column(default=False)
    """Posted without a name, or to be: a stand-in is the owner then."""
    team_id: Mapped[UUID | None]
    deal_id: Mapped[UUID]

    title: Mapped[str] = mapped_column(String(140), default="")
    situation: Mapped[str] = mapped_column(Text, default="")
    obstacle_words: Mapped[str] = mapped_column(Text, default="")
    worked: Mapped[str] = mapped_column(Text, default="")
    not_worked: Mapped[str] = mapped_column(Text, default="")
    current_state: Mapped[str] = mapped_column(Text, default="")
    desired_state: Mapped[str] = mapped_column(Text, default="")
    industry_id: Mapped[UUID | None]
    stage_id: Mapped[UUID | None]
    product: Mapped[str] = mapped_column(String(140), default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(60)), default=list)
    language: Mapped[str] = mapped_column(String(2), default="")
    """Of the text; detected on save until somebody corrects it."""
    language_corrected: Mapped[bool] = mapped_column(default=False)

    skip_questions_reason: Mapped[str] = mapped_column(Text, default="")
    chosen_plan_id: Mapped[UUID | None]
    choice_reason: Mapped[str] = mapped_column(Text, default="")
    chosen_by_id: Mapped[UUID | None]
    chosen_at: Mapped[datetime | None]
    follow_up_on: Mapped[date | None]
    """When the owner is asked how it went."""

    outcome_id: Mapped[UUID | None]
    outcome_plan_id: Mapped[UUID | None]
    outcome_worked: Mapped[str] = mapped_column(Text, default="")
    outcome_not_worked: Mapped[str] = mapped_column(Text, default="")
    outcome_current_state: Mapped[str] = mapped_column(Text, default="")
    resolved_at: Mapped[datetime | None]

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by_id: Mapped[UUID | None]
    posted_at: Mapped[datetime | None]
    moved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the case last changed its state."""

    owner = related("User", "Case.owner_id")
    author = related("User", "Case.author_id")
    updated_by = related("User", "Case.updated_by_id")
    team = related("Team", "Case.team_id")
    deal = related("Deal", "Case.deal_id")
    industry = related("Code", "Case.industry_id")
    stage = related("Code", "Case.stage_id")
    outcome = related("Code", "Case.outcome_id")
    chosen_by = related("User", "Case.chosen_by_id")
    obstacles = children("CaseObstacle", "Case", "case_id", "CaseObstacle.position")
    moves = children("CaseMove", "Case", "case_id", "CaseMove.id")
    hats = children("Hat", "Case", "case_id", "Hat.id")
    questions = children("Question", "Case", "case_id", "Question.id")
    plans = children("Plan", "Case", "case_id", "Plan.letter")


class CaseObstacle(TenantTable, Base):
    """Why a case is stuck, as a code; the first is the main one."""

    __tablename__ = "case_obstacles"
    __table_args__ = (
        _belongs_to("case_id", "cases", "CASCADE"),
        _belongs_to("code_id", "codes"),
        UniqueConstraint("organisation_id", "case_id", "code_id"),
        Index(None, "organisation_id", "code_id", "case_id"),
    )

    case_id: Mapped[UUID]
    code_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(default=0)

    code = related("Code", "CaseObstacle.code_id")


class CaseMove(TenantTable, Base):
    """One change of state, kept with person and time. Append-only, and part of the audit trail."""

    __tablename__ = "case_moves"
    __table_args__ = (
        _belongs_to("case_id", "cases", "CASCADE"),
        Index(None, "organisation_id", "case_id", "id"),
        Index(None, "organisation_id", "at", "id"),
    )

    case_id: Mapped[UUID]
    from_state: Mapped[State] = enum_column(State, "from_state")
    to_state: Mapped[State] = enum_column(State, "to_state")
    user_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")

    user = related("User", "CaseMove.user_id")


class Hat(TenantTable, Base):
    """Who is responsible for what on a case: asked for, then accepted or declined."""

    __tablename__ = "case_hats"
    __table_args__ = (
        _belongs_to("case_id", "cases", "CASCADE"),
        _belongs_to("user_id", "users"),
        UniqueConstraint("organisation_id", "case_id", "kind", "user_id"),
        Index(None, "organisation_id", "user_id", "status"),
        Index("ix_case_hats_asked", "organisation_id", "case_id", postgresql_where="status = 'asked'"),
    )

    case_id: Mapped[UUID]
    user_id: Mapped[UUID]
    kind: Mapped[HatKind] = enum_column(HatKind, "kind")
    status: Mapped[HatStatus] = enum_column(HatStatus, "status", default=HatStatus.ASKED)
    asked_by_id: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    user = related("User", "Hat.user_id")
    asked_by = related("User", "Hat.asked_by_id")
    case = related("Case", "Hat.case_id")
