"""What organisations, people, teams and keys are made with; used by pages, by the command line and by the demo."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.models import (
    KEY_PREFIX,
    ApiKey,
    AuditEvent,
    Identity,
    OneTimeLink,
    Organisation,
    Role,
    Team,
    TeamMember,
    User,
    UserSession,
)
from app.accounts.viewer import SCOPES, Viewer
from app.core.db import new_id
from app.core.errors import Conflict, Invalid
from app.core.i18n import gettext as _
from app.core.security import create_token, hash_password, hash_token
from app.core.tenancy import enter_organisation

HINT_LENGTH = 6


class AlreadyMember(Conflict):
    code = "already_member"


class TeamNameTaken(Conflict):
    code = "team_name_taken"


async def create_organisation(session: AsyncSession, name: str, slug: str, *, is_demo: bool = False) -> Organisation:
    """A new tenant, entered by this transaction. Its codes are made by `cases.service.prepare_organisation`."""
    organisation = Organisation(id=new_id(), name=name, slug=slug, is_demo=is_demo)
    session.add(organisation)
    await session.flush()
    await enter_organisation(session, organisation.id)
    return organisation


def create_tenant_token(organisation_id: UUID) -> str:
    """A token for what is looked up inside the tenant: it names its organisation, `<organisation hex>.<secret>`."""
    return f"{organisation_id.hex}.{create_token()}"


async def enter_by_token(session: AsyncSession, token: str) -> Organisation | None:
    """The organisation that such a token names, entered; None when it names none."""
    try:
        organisation_id = UUID(hex=token.partition(".")[0])
    except ValueError:
        return None
    organisation = await queries.find_organisation_by_id(session, organisation_id)
    if organisation is not None:
        await enter_organisation(session, organisation.id)
    return organisation


async def find_or_create_identity(session: AsyncSession, email: str) -> Identity:
    """The identity of an e-mail, locked until the transaction ends."""
    email = email.strip().lower()
    new = insert(Identity).values(id=new_id(), email=email, organisation_ids=[])
    await session.execute(new.on_conflict_do_nothing())
    found = await session.scalars(select(Identity).where(Identity.email == email).with_for_update())
    return found.one()


async def add_user(
    session: AsyncSession, organisation_id: UUID, identity: Identity, name: str, role: Role, language: str | None = None
) -> User:
    """A user who cannot sign in here before `join_organisation`. Raises AlreadyMember."""
    known = await session.scalar(select(User.id).where(User.identity_id == identity.id))
    if known is not None:
        raise AlreadyMember(_("{email} is in this organisation already.").format(email=identity.email))
    user = User(
        organisation_id=organisation_id,
        id=new_id(),
        identity_id=identity.id,
        name=name,
        role=role,
        language=language,
    )
    session.add(user)
    await session.flush()
    return user


async def create_user(
    session: AsyncSession,
    organisation: Organisation,
    name: str,
    email: str,
    role: Role | str,
    password: str | None = None,
    language: str | None = None,
) -> User:
    """A user who may sign in at once: for operators, who vouch for the e-mail; admins invite instead.

    An identity that has a password keeps it.
    """
    await enter_organisation(session, organisation.id)
    identity = await find_or_create_identity(session, email)
    user = await add_user(session, organisation.id, identity, name, Role(role), language)
    if password is not None and identity.password_hash is None:
        identity.password_hash = await asyncio.to_thread(hash_password, password)
    await join_organisation(session, identity, organisation.id)
    return user


async def join_organisation(session: AsyncSession, identity: Identity, organisation_id: UUID) -> None:
    """Let the identity sign in to the entered organisation.

    Its unused links end everywhere: one that an admin of another organisation saw must not lead in here.
    """
    await void_links(session, identity)
    if organisation_id not in identity.organisation_ids:
        identity.organisation_ids = [*identity.organisation_ids, organisation_id]
        await session.flush()
    await enter_organisation(session, organisation_id)


async def void_links(session: AsyncSession, identity: Identity) -> None:
    """Delete the unused links of this identity. The transaction leaves its organisation: enter one afterwards."""
    await session.flush()
    for organisation_id in identity.organisation_ids:
        await enter_organisation(session, organisation_id)
        users = select(User.id).where(User.identity_id == identity.id)
        await session.execute(delete(OneTimeLink).where(OneTimeLink.user_id.in_(users), OneTimeLink.used_at.is_(None)))


async def create_team(session: AsyncSession, organisation: Organisation | UUID, name: str) -> Team:
    """A team without members. Raises TeamNameTaken."""
    organisation_id = organisation if isinstance(organisation, UUID) else organisation.id
    await refuse_taken_team_name(session, name)
    team = Team(organisation_id=organisation_id, id=new_id(), name=name)
    session.add(team)
    await session.flush()
    return team


async def refuse_taken_team_name(session: AsyncSession, name: str, besides: UUID | None = None) -> None:
    """Raise TeamNameTaken. Two who give the same name at once queue up."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"team {name.lower()}"))))
    same = select(Team.id).where(func.lower(Team.name) == name.lower(), Team.id != besides)
    if await session.scalar(same.limit(1)) is not None:
        raise TeamNameTaken(_("There is a team with this name already."))


async def add_member(session: AsyncSession, team: Team, user: User, *, leads: bool = False) -> TeamMember:
    """Put a person into a team, after the teams the person is in already."""
    position = await session.scalar(select(func.count()).where(TeamMember.user_id == user.id))
    member = TeamMember(
        organisation_id=team.organisation_id, team_id=team.id, user_id=user.id, leads=leads, position=position or 0
    )
    session.add(member)
    await session.flush()
    return member


async def create_key(
    session: AsyncSession, organisation_id: UUID, name: str, scopes: Sequence[str], created_by_id: UUID | None
) -> tuple[ApiKey, str]:
    """A key for a program, and its text, which is not stored: show it once. Raises Invalid on an unknown scope."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise Invalid(
            _("Choose scopes among {scopes}.").format(scopes=", ".join(SCOPES)),
            fields={"scopes": _("Choose one of the options.")},
        )
    text = f"{KEY_PREFIX}_{organisation_id.hex}_{create_token()}"
    key = ApiKey(
        organisation_id=organisation_id,
        id=new_id(),
        name=name,
        token_hash=hash_token(text),
        hint=text[-HINT_LENGTH:],
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_by_id=created_by_id,
    )
    session.add(key)
    await session.flush()
    return key, text


async def end_sessions(session: AsyncSession, identity_id: UUID, *, besides: str | None = None) -> None:
    """Sign the identity out in every browser but the one with this token hash."""
    await session.execute(
        delete(UserSession).where(
            UserSession.identity_id == identity_id, UserSession.token_hash.is_distinct_from(besides)
        )
    )


async def end_user_sessions(session: AsyncSession, user: User) -> None:
    """Sign a user out of the organisation, in every browser."""
    await session.execute(
        delete(UserSession).where(UserSession.organisation_id == user.organisation_id, UserSession.user_id == user.id)
    )


async def record_audit(
    session: AsyncSession,
    viewer: Viewer,
    action: str,
    subject_id: UUID | None = None,
    details: Mapping[str, str] | None = None,
    *,
    case_id: UUID | None = None,
    at: datetime | None = None,
) -> None:
    """Note for good who did this, a program or a person, to what, and when if not now.

    `action` is a noun and what was done to it, such as `question.asked`; its words stand in `audit.words`. `details`
    hold no text of a case: an admin who may not see the case reads them.
    """
    session.add(
        AuditEvent(
            organisation_id=viewer.organisation_id,
            user_id=viewer.user_id,
            client_id=viewer.client_id,
            action=action,
            subject_id=subject_id,
            case_id=case_id,
            details=dict(details or {}),
            at=at or func.now(),
        )
    )
    await session.flush()
