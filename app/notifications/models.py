"""What a person is told: one row for each thing and person. The words are found when it is read."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, enum_column

KEPT = timedelta(days=90)


class Kind(StrEnum):
    CASE_POSTED = "case_posted"
    QUESTION = "question"
    SOLVER_ASKED = "solver_asked"
    ANSWER = "answer"
    HAT_ASKED = "hat_asked"
    HAT_ANSWERED = "hat_answered"
    PLAN_PROPOSED = "plan_proposed"
    PLAN_CHOSEN = "plan_chosen"
    OUTCOME_DUE = "outcome_due"
    CASE_RESOLVED = "case_resolved"
    CASE_SHARED = "case_shared"
    CASE_REOPENED = "case_reopened"
    CASE_USED = "case_used"
    PRACTICE_USED = "practice_used"
    PRACTICE_CHANGED = "practice_changed"
    PRACTICE_FLAGGED = "practice_flagged"
    MENTION = "mention"
    COMMENT = "comment"
    SEARCH_FOUND = "search_found"


class Rate(StrEnum):
    """How soon a person hears of a kind by mail."""

    AT_ONCE = "at_once"
    WEEKLY = "weekly"
    OFF = "off"


NEEDS_THEM = (
    Kind.QUESTION,
    Kind.SOLVER_ASKED,
    Kind.ANSWER,
    Kind.HAT_ASKED,
    Kind.OUTCOME_DUE,
    Kind.MENTION,
)
DEFAULT_RATES: Mapping[Kind, Rate] = {kind: Rate.AT_ONCE if kind in NEEDS_THEM else Rate.WEEKLY for kind in Kind}
"""Somebody waits for the person, or the person for somebody: at once."""


class Notification(TenantTable, Base):
    __tablename__ = "notifications"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "actor_id"], ["users.organisation_id", "users.id"], ondelete="SET NULL (actor_id)"
        ),
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "practice_id"], ["practices.organisation_id", "practices.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("organisation_id", "user_id", "kind", "subject_id"),
        Index(None, "organisation_id", "user_id", "at", "id"),
        Index("ix_notifications_unread", "organisation_id", "user_id", "at", "id", postgresql_where="read_at IS NULL"),
        Index(None, "organisation_id", "at"),
        Index(None, "organisation_id", "case_id"),
    )

    user_id: Mapped[UUID]
    kind: Mapped[Kind] = enum_column(Kind, "kind")
    case_id: Mapped[UUID]
    practice_id: Mapped[UUID | None]
    """Given where the practice is what it is about, and not the case behind it."""
    subject_id: Mapped[UUID]
    """Of the question, hat, plan, use, comment, case or practice. Happens the same again, the row is renewed."""
    actor_id: Mapped[UUID | None]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]


class MailChoice(TenantTable, Base):
    """What a person chose to hear by mail; nobody who never chose, and was never sent a weekly mail, has one."""

    __tablename__ = "mail_choices"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "user_id"),
    )

    user_id: Mapped[UUID]
    rates: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Rate by kind; what is absent is as at the beginning."""
    weekly: Mapped[bool] = mapped_column(default=True, server_default="true")
    weekly_sent_on: Mapped[date | None]
    """Day of the last weekly mail, where the person is."""

    def find_rate(self, kind: Kind) -> Rate:
        return Rate(self.rates.get(kind, DEFAULT_RATES[kind]))
