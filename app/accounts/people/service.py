"""What an admin does with people: invite, change, shut out, let in again."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.links.service import end_links, send_or_show_link
from app.accounts.models import LinkPurpose, Role, Team, TeamMember, User
from app.accounts.people.deps import Member
from app.accounts.people.schemas import DeactivateForm, InviteForm, PersonForm
from app.accounts.service import add_user, end_user_sessions, find_or_create_identity, record_audit
from app.accounts.viewer import Viewer
from app.core.config import Settings
from app.core.errors import Conflict, Invalid
from app.core.i18n import gettext as _

HandOver = Callable[[AsyncSession, UUID, UUID, Viewer, datetime], Awaitable[object]]


class LastAdmin(Conflict):
    code = "last_admin"


class ShutOut(Conflict):
    code = "shut_out"


class OwnAccount(Conflict):
    code = "own_account"


async def invite(session: AsyncSession, viewer: Viewer, form: InviteForm) -> User:
    """A person who gets in by the link that follows. Raises AlreadyMember, or Invalid on an unknown team."""
    teams = await choose_teams(session, form)
    identity = await find_or_create_identity(session, form.email)
    user = await add_user(session, viewer.organisation_id, identity, form.name, form.role)
    await _place_in_teams(session, user, teams, form.leads)
    await record_audit(session, viewer, "person.invited", user.id, {"role": form.role.value})
    return user


async def send_link(
    session: AsyncSession, settings: Settings, viewer: Viewer, member: Member, now: datetime
) -> str | None:
    """Have an invitation mailed, or a reset to somebody who has joined; its address when it must be shown instead."""
    purpose = LinkPurpose.PASSWORD_RESET if member.joined else LinkPurpose.INVITATION
    url = await send_or_show_link(session, settings, member.user, purpose, now)
    way = "mailed" if url is None else "shown"
    await record_audit(session, viewer, "link.created", member.user.id, {"purpose": purpose.value, "way": way})
    return url


async def change_person(session: AsyncSession, viewer: Viewer, user: User, form: PersonForm) -> None:
    """Name, role and teams. Raises LastAdmin, or Invalid on an unknown team."""
    teams = await choose_teams(session, form)
    if user.role is Role.ADMIN and form.role is not Role.ADMIN:
        await refuse_last_admin(session, user)
    user.name = form.name
    user.role = form.role
    await _place_in_teams(session, user, teams, form.leads)
    await record_audit(session, viewer, "person.changed", user.id, {"role": form.role.value})


async def choose_teams(session: AsyncSession, form: PersonForm) -> list[Team]:
    """The teams the form names, the default one first and the others by name. Raises Invalid."""
    known = await queries.list_teams(session)
    first = [form.first_team] if form.first_team else []
    for field, ids in (("teams", form.teams), ("leads", form.leads), ("first_team", first)):
        if set(ids) - {team.id for team in known}:
            raise Invalid.at(field, _("Choose one of the options."))
    if form.leads and form.role is not Role.MANAGER:
        raise Invalid.at("leads", _("Only a manager leads a team: choose that role, or no team to lead."))
    wanted = {*form.teams, *form.leads, *first}
    return sorted((team for team in known if team.id in wanted), key=lambda team: team.id != form.first_team)


async def _place_in_teams(session: AsyncSession, user: User, teams: Sequence[Team], leads: Sequence[UUID]) -> None:
    """Put the user into exactly these teams, in this order."""
    await session.execute(delete(TeamMember).where(TeamMember.user_id == user.id))
    session.add_all(
        TeamMember(
            organisation_id=user.organisation_id,
            team_id=team.id,
            user_id=user.id,
            leads=team.id in leads,
            position=position,
        )
        for position, team in enumerate(teams)
    )
    await session.flush()


async def deactivate(
    session: AsyncSession, viewer: Viewer, user: User, form: DeactivateForm, hand_over: HandOver, now: datetime
) -> None:
    """Shut the user out at once and hand the open cases over. Raises OwnAccount, LastAdmin or Invalid."""
    if user.id == viewer.user_id:
        raise OwnAccount(_("You cannot shut yourself out: ask another admin."))
    heir = await queries.find_active_user(session, form.heir)
    if heir is None or heir.id == user.id:
        raise Invalid.at("heir", _("Choose one of the options."))
    if user.role is Role.ADMIN:
        await refuse_last_admin(session, user)
    user.deactivated_at = now
    await end_user_sessions(session, user)
    await end_links(session, user)
    await hand_over(session, user.id, heir.id, viewer, now)
    await record_audit(session, viewer, "person.deactivated", user.id, {"heir": str(heir.id)})


async def reactivate(session: AsyncSession, viewer: Viewer, user: User) -> None:
    """Let the user in again, with the password of before. Cases handed over stay where they are."""
    user.deactivated_at = None
    await record_audit(session, viewer, "person.reactivated", user.id)


async def refuse_last_admin(session: AsyncSession, leaving: User) -> None:
    """Raise LastAdmin if nobody else could administer. Two admins who drop each other at once queue up here."""
    if not set(await queries.lock_admins(session)) - {leaving.id}:
        raise LastAdmin(_("{name} is the only admin: make somebody else admin first.").format(name=leaving.name))
