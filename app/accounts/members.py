"""The viewer that somebody is: made of the rows about them, and seen as they appear where a path leads."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.models import Organisation, Role, User
from app.accounts.queries import Membership
from app.accounts.stand_ins import list_stand_ins
from app.accounts.viewer import OrganisationName, Viewer


async def load_person(session: AsyncSession, organisation: Organisation, user: User, email: str) -> Viewer:
    """The viewer a user is, with teams. The organisation must have been entered."""
    memberships = await queries.list_memberships(session, user.id)
    teams = [Membership(member.team_id, member.leads) for member in memberships]
    stand_ins = await list_stand_ins(session, user.id)
    return view_as(
        OrganisationName(organisation.id, organisation.name, organisation.slug), user, email, teams, stand_ins
    )


async def load_member(session: AsyncSession, organisation_id: UUID, user_id: UUID) -> Viewer | None:
    """The viewer an active user of the entered organisation is, for what works without a session or a key."""
    organisation = await queries.find_organisation_by_id(session, organisation_id)
    user = organisation and await queries.find_active_user(session, user_id)
    identity = user and await queries.find_identity_of(session, user_id)
    if not organisation or not user or not identity:
        return None
    return await load_person(session, organisation, user, identity.email)


def view_as(
    organisation: OrganisationName,
    user: User,
    email: str,
    teams: Sequence[Membership],
    stand_ins: Sequence[tuple[UUID, UUID]],
) -> Viewer:
    return Viewer(
        organisation=organisation,
        user_id=user.id,
        name=user.name,
        email=email,
        role=Role(user.role),
        language=user.language,
        timezone=user.timezone,
        theme=str(user.theme),
        team_ids=tuple(team.team_id for team in teams),
        led_team_ids=tuple(team.team_id for team in teams if team.leads),
        stand_ins=tuple(stand_ins),
    )


def appear_here(request: Request, viewer: Viewer) -> Viewer:
    """The viewer as colleagues see them where the path leads: on a case posted without a name, the stand-in."""
    for name in ("case_id", "practice_id"):
        with suppress(ValueError):
            viewer = viewer.appear_on(UUID(request.path_params.get(name, "")))
    return viewer
