"""Organisations, the people in them, and how they and their programs sign in."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable, children, enum_column, new_id, related

KEY_PREFIX = "unstuck"
"""How the text of every API key begins."""

SESSION_LIFETIME = timedelta(days=30)
"""A browser stays signed in so long after it was last seen."""


class Role(StrEnum):
    SELLER = "seller"
    MANAGER = "manager"
    LEADER = "leader"
    ADMIN = "admin"


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class LinkPurpose(StrEnum):
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a purpose.


class Organisation(Base):
    """The tenant. A global table: it is read before a transaction has entered any organisation."""

    __tablename__ = "organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Identity(Base):
    """Who signs in. Global: sign-in comes before the tenant. A password belongs here, a name does not."""

    __tablename__ = "identities"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """In lower case."""
    password_hash: Mapped[str | None] = mapped_column(String(255))
    organisation_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), default=list)
    """Where this identity is a member, so that sign-in finds the way in without seeing any tenant's rows."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UserSession(Base):
    """A browser that is signed in, found by the digest of its token. Global, as it leads to the tenant."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    identity_id: Mapped[UUID] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_agent: Mapped[str] = mapped_column(String(200), default="")


class SignInFailure(Base):
    """A failed sign-in, counted by address and by e-mail. Global: at that moment there is no tenant yet."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index(None, "subject", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    subject: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Team(TenantTable, Base):
    __tablename__ = "teams"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "name"),
    )

    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    members = children("TeamMember", "Team", "team_id", "TeamMember.user_id")


class User(TenantTable, Base):
    """A person in an organisation. Somebody in two organisations is two users with one identity."""

    __tablename__ = "users"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "identity_id"),
    )

    identity_id: Mapped[UUID | None] = mapped_column(ForeignKey("identities.id"))
    """None for a stand-in, as whom nobody signs in."""
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[Role] = enum_column(Role, "role")
    language: Mapped[str | None] = mapped_column(String(2))
    timezone: Mapped[str] = mapped_column(String(60), default="Europe/Oslo")
    theme: Mapped[Theme] = enum_column(Theme, "theme", default=Theme.SYSTEM)
    deactivated_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StandIn(TenantTable, Base):
    """The user that colleagues see in place of somebody who posted a case without a name.

    It stands wherever that person's user would: so no select, page or mail has to take care not to tell.
    """

    __tablename__ = "stand_ins"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["organisation_id", "case_id"], ["cases.organisation_id", "cases.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organisation_id", "practice_id"],
            ["practices.organisation_id", "practices.id"],
            ondelete="SET NULL (practice_id)",
        ),
        UniqueConstraint("organisation_id", "user_id"),
        UniqueConstraint("organisation_id", "case_id"),
        Index(None, "organisation_id", "person_id"),
    )

    user_id: Mapped[UUID]
    person_id: Mapped[UUID]
    case_id: Mapped[UUID]
    practice_id: Mapped[UUID | None]
    """The practice that the case became."""


class TeamMember(TenantTable, Base):
    __tablename__ = "team_members"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "team_id"], ["teams.organisation_id", "teams.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "team_id", "user_id"),
        Index(None, "organisation_id", "user_id"),
    )

    team_id: Mapped[UUID]
    user_id: Mapped[UUID]
    leads: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    """Order of a person's teams; the first is the default team of a new case."""

    user = related("User", "TeamMember.user_id")
    team = related("Team", "TeamMember.team_id")


class ApiKey(TenantTable, Base):
    """A program's way in. The key names its organisation, so that it is looked up inside the tenant."""

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "token_hash"),
    )

    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64))
    hint: Mapped[str] = mapped_column(String(12))
    """The last characters of the key, to tell keys apart."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    created_by_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OneTimeLink(TenantTable, Base):
    """An invitation or a password reset, shown or mailed once, stored as a digest."""

    __tablename__ = "one_time_links"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "token_hash"),
        Index(None, "organisation_id", "user_id"),
    )

    user_id: Mapped[UUID]
    purpose: Mapped[LinkPurpose] = enum_column(LinkPurpose, "purpose")
    token_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditEvent(TenantTable, Base):
    """Who did what with whose rights. Append-only: PostgreSQL refuses to change or delete a row.

    A case's changes of state are not here: `CaseMove` keeps them as safely.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        Index(None, "organisation_id", "at", "id"),
        Index("ix_audit_events_case", "organisation_id", "case_id", "at", "id", postgresql_where="case_id IS NOT NULL"),
        Index(None, "organisation_id", "subject_id"),
    )

    at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]
    """The case that it concerns, on which those who may see the case read it."""
    details: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
