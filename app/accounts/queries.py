"""Every select on organisations, people, teams and keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, any_, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import QueryableAttribute, joinedload
from sqlalchemy.orm.strategy_options import _AbstractLoad

from app.accounts.models import (
    ApiKey,
    Identity,
    OneTimeLink,
    Organisation,
    Role,
    SignInFailure,
    Team,
    TeamMember,
    User,
    UserSession,
)
from app.core.pagination import Cursor
from app.core.tenancy import entered


class Membership(NamedTuple):
    team_id: UUID
    leads: bool


async def has_organisations(session: AsyncSession) -> bool:
    return await session.scalar(select(Organisation.id).limit(1)) is not None


async def has_demo_organisation(session: AsyncSession) -> bool:
    return await session.scalar(select(Organisation.id).where(Organisation.is_demo).limit(1)) is not None


async def find_organisation(session: AsyncSession, *, slug: str) -> Organisation | None:
    return await session.scalar(select(Organisation).where(Organisation.slug == slug))


async def find_organisation_by_id(session: AsyncSession, organisation_id: UUID) -> Organisation | None:
    return await session.get(Organisation, organisation_id)


async def list_organisation_ids(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(select(Organisation.id).order_by(Organisation.id))).all()


async def list_organisations(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Organisation]:
    found = await session.scalars(select(Organisation).where(Organisation.id.in_(ids)).order_by(Organisation.name))
    return found.all()


async def find_identity(session: AsyncSession, email: str) -> Identity | None:
    return await session.scalar(select(Identity).where(Identity.email == email.strip().lower()))


async def enter_user_session(
    session: AsyncSession, token_hash: str, since: datetime
) -> Row[UUID, datetime, UUID, str, str, str, str] | None:
    """A browser's session that was used since then, with its organisation, which is entered, and its identity."""
    found = await session.execute(
        select(
            UserSession.user_id,
            UserSession.last_seen_at,
            Organisation.id,
            Organisation.name,
            Organisation.slug,
            Identity.email,
            entered(Organisation.id),
        )
        .join(Organisation, Organisation.id == UserSession.organisation_id)
        .join(Identity, Identity.id == UserSession.identity_id)
        .where(UserSession.token_hash == token_hash, UserSession.last_seen_at >= since)
    )
    return found.one_or_none()


async def touch_user_session(session: AsyncSession, token_hash: str, now: datetime) -> None:
    await session.execute(update(UserSession).where(UserSession.token_hash == token_hash).values(last_seen_at=now))


async def find_identity_of(session: AsyncSession, user_id: UUID) -> Identity | None:
    """The identity behind a user of the entered organisation."""
    return await session.scalar(select(Identity).join(User, User.identity_id == Identity.id).where(User.id == user_id))


async def find_active_user(session: AsyncSession, user_id: UUID) -> User | None:
    """A person, and nobody's stand-in."""
    return await session.scalar(select(User).where(User.id == user_id, User.deactivated_at.is_(None), is_person()))


async def find_reachable_user(session: AsyncSession, user_id: UUID) -> User | None:
    """An active person, or somebody's stand-in: both can be asked."""
    return await session.scalar(select(User).where(User.id == user_id, User.deactivated_at.is_(None)))


def is_person() -> ColumnElement[bool]:
    """Not somebody's stand-in."""
    return User.identity_id.is_not(None)


async def find_active_member(session: AsyncSession, user_id: UUID) -> tuple[User, list[Membership]] | None:
    """An active user with his teams, in his order, in one select."""
    found = await session.execute(
        select(User, TeamMember.team_id, TeamMember.leads)
        .outerjoin(TeamMember, and_(TeamMember.organisation_id == User.organisation_id, TeamMember.user_id == User.id))
        .where(User.id == user_id, User.deactivated_at.is_(None))
        .order_by(TeamMember.position, TeamMember.id)
    )
    rows = found.all()
    if not rows:
        return None
    return rows[0][0], [Membership(team_id, leads) for _user, team_id, leads in rows if team_id is not None]


async def find_user(session: AsyncSession, user_id: UUID) -> User | None:
    return await session.scalar(select(User).where(User.id == user_id, is_person()))


async def find_user_by_identity(session: AsyncSession, identity_id: UUID) -> User | None:
    return await session.scalar(select(User).where(User.identity_id == identity_id, User.deactivated_at.is_(None)))


async def find_user_by_email(session: AsyncSession, email: str) -> User | None:
    """An active user of the entered organisation."""
    return await session.scalar(
        select(User)
        .join(Identity, Identity.id == User.identity_id)
        .where(Identity.email == email.strip().lower(), User.deactivated_at.is_(None))
    )


async def list_memberships(session: AsyncSession, user_id: UUID) -> Sequence[TeamMember]:
    found = await session.scalars(
        select(TeamMember).where(TeamMember.user_id == user_id).order_by(TeamMember.position, TeamMember.id)
    )
    return found.all()


def join_name(person: QueryableAttribute[Any]) -> _AbstractLoad:
    """Loads a row's person with it, by name alone: no more is shown of people."""
    return joinedload(person).load_only(User.name)


async def list_active_users(session: AsyncSession) -> Sequence[User]:
    """Everybody who can be asked or handed something, by name."""
    active = select(User).where(User.deactivated_at.is_(None), is_person())
    return (await session.scalars(active.order_by(User.name, User.id))).all()


def select_people() -> Select[User, str, bool]:
    """Users, active or not, with e-mail and whether the invitation was taken."""
    return select(User, Identity.email, has_joined()).join(Identity, Identity.id == User.identity_id)


async def list_people(session: AsyncSession) -> Sequence[Row[User, str, bool]]:
    """Every user with e-mail and whether the invitation was taken, active ones first."""
    people = select_people().order_by(User.deactivated_at.is_not(None), User.name, User.id)
    return (await session.execute(people)).all()


async def find_person(session: AsyncSession, user_id: UUID) -> Row[User, str, bool] | None:
    """A user, active or not, with e-mail and whether the invitation was taken."""
    return (await session.execute(select_people().where(User.id == user_id))).one_or_none()


def has_joined() -> ColumnElement[bool]:
    """Whether the identity may sign in to the user's organisation."""
    return User.organisation_id == any_(Identity.organisation_ids)


async def lock_admins(session: AsyncSession) -> Sequence[UUID]:
    """The admins who can sign in, locked until the transaction ends."""
    found = await session.scalars(
        select(User.id)
        .join(Identity, Identity.id == User.identity_id)
        .where(User.role == Role.ADMIN, User.deactivated_at.is_(None), has_joined())
        .order_by(User.id)
        .with_for_update(of=User)
    )
    return found.all()


async def list_all_memberships(session: AsyncSession) -> Sequence[TeamMember]:
    """Who is in which team, each person's teams in the person's order."""
    found = await session.scalars(select(TeamMember).order_by(TeamMember.position, TeamMember.id))
    return found.all()


async def list_teams(session: AsyncSession) -> Sequence[Team]:
    found = await session.scalars(select(Team).order_by(Team.name, Team.id))
    return found.all()


async def find_team(session: AsyncSession, team_id: UUID) -> Team | None:
    return await session.scalar(select(Team).where(Team.id == team_id))


async def list_members(session: AsyncSession, team_id: UUID) -> Sequence[TeamMember]:
    """Who is in a team, active or not."""
    found = await session.scalars(select(TeamMember).where(TeamMember.team_id == team_id).order_by(TeamMember.id))
    return found.all()


async def find_key(session: AsyncSession, token_hash: str) -> ApiKey | None:
    return await session.scalar(select(ApiKey).where(ApiKey.token_hash == token_hash, ApiKey.revoked_at.is_(None)))


async def find_key_by_id(session: AsyncSession, key_id: UUID) -> ApiKey | None:
    """A key, revoked or not."""
    return await session.scalar(select(ApiKey).where(ApiKey.id == key_id))


async def list_keys(session: AsyncSession) -> Sequence[ApiKey]:
    found = await session.scalars(select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc()))
    return found.all()


async def find_link(session: AsyncSession, token_hash: str, now: datetime) -> OneTimeLink | None:
    """A link that is neither used nor expired."""
    return await session.scalar(
        select(OneTimeLink)
        .where(OneTimeLink.token_hash == token_hash, OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now)
        .with_for_update()
    )


async def measure_failures(session: AsyncSession, subject: str, since: datetime) -> tuple[int, datetime | None]:
    """How many failures a subject has had since then, and when the first of them was."""
    found = await session.execute(
        select(func.count(), func.min(SignInFailure.at)).where(
            SignInFailure.subject == subject, SignInFailure.at > since
        )
    )
    count, first = found.one()
    return count, first


async def list_user_sessions(session: AsyncSession, identity_id: UUID, since: datetime) -> Sequence[UserSession]:
    """The browsers an identity is signed in with, the last used first."""
    found = await session.scalars(
        select(UserSession)
        .where(UserSession.identity_id == identity_id, UserSession.last_seen_at > since)
        .order_by(UserSession.last_seen_at.desc(), UserSession.token_hash)
        .limit(50)
    )
    return found.all()


async def list_user_rows(
    session: AsyncSession, *, email: str | None, after: Cursor | None, limit: int
) -> Sequence[Row[User, str]]:
    """Active users with e-mail, the newest first; one more than `limit` where there are more."""
    select_users = (
        select(User, Identity.email)
        .join(Identity, Identity.id == User.identity_id)
        .where(User.deactivated_at.is_(None))
        .order_by(User.created_at.desc(), User.id.desc())
        .limit(limit + 1)
    )
    if email is not None:
        select_users = select_users.where(Identity.email == email.strip().lower())
    if after is not None:
        select_users = select_users.where(tuple_(User.created_at, User.id) < (after.at, after.id))
    return (await session.execute(select_users)).all()


async def list_team_rows(session: AsyncSession, *, after: Cursor | None, limit: int) -> Sequence[Team]:
    """Teams, the newest first; one more than `limit` where there are more."""
    select_teams = select(Team).order_by(Team.created_at.desc(), Team.id.desc()).limit(limit + 1)
    if after is not None:
        select_teams = select_teams.where(tuple_(Team.created_at, Team.id) < (after.at, after.id))
    return (await session.scalars(select_teams)).all()


async def list_memberships_of(
    session: AsyncSession, *, user_ids: Sequence[UUID] = (), team_ids: Sequence[UUID] = ()
) -> Sequence[TeamMember]:
    """Memberships of any of these users or in any of these teams, of active users alone."""
    found = await session.scalars(
        select(TeamMember)
        .join(User, User.id == TeamMember.user_id)
        .where(
            TeamMember.user_id.in_(user_ids) | TeamMember.team_id.in_(team_ids),
            User.deactivated_at.is_(None),
        )
        .order_by(TeamMember.position, TeamMember.id)
    )
    return found.all()
