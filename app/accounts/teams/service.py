"""What an admin does with teams."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.models import Role, Team, User
from app.accounts.service import add_member, create_team, record_audit, refuse_taken_team_name
from app.accounts.teams.schemas import NewTeamForm, TeamForm
from app.accounts.viewer import Viewer
from app.core.errors import Invalid
from app.core.i18n import gettext as _


async def found_team(session: AsyncSession, viewer: Viewer, form: NewTeamForm) -> Team:
    """A new team, without members yet. Raises TeamNameTaken."""
    team = await create_team(session, viewer.organisation_id, form.name)
    await record_audit(session, viewer, "team.created", team.id, {"name": form.name})
    return team


async def change_team(session: AsyncSession, viewer: Viewer, team: Team, form: TeamForm) -> None:
    """Name, members and who leads. Raises TeamNameTaken, or Invalid on unknown people or unfit leads."""
    await refuse_taken_team_name(session, form.name, besides=team.id)
    people = {user.id: user for user in await queries.list_active_users(session)}
    _refuse_unfit(form, people)
    team.name = form.name
    wanted = {*form.members, *form.leads}
    present = {member.user_id: member for member in await queries.list_members(session, team.id)}
    for user_id, member in present.items():
        if user_id in people and user_id not in wanted:
            await session.delete(member)
    for user_id in wanted:
        member = present.get(user_id) or await add_member(session, team, people[user_id])
        member.leads = user_id in form.leads
    await session.flush()
    await record_audit(session, viewer, "team.changed", team.id, {"name": form.name, "members": str(len(wanted))})


def _refuse_unfit(form: TeamForm, people: Mapping[UUID, User]) -> None:
    for field, ids in (("members", form.members), ("leads", form.leads)):
        if set(ids) - people.keys():
            raise Invalid.at(field, _("Choose one of the options."))
    if any(people[user_id].role is not Role.MANAGER for user_id in form.leads):
        raise Invalid.at("leads", _("Only a manager leads a team: change the role first."))
