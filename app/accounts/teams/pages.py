"""An admin's pages about teams."""

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.deps import AdminUser, create_admin_router
from app.accounts.models import Role, Team
from app.accounts.service import TeamNameTaken
from app.accounts.teams import service
from app.accounts.teams.schemas import NewTeamForm, TeamForm
from app.core.db import Session
from app.core.errors import Invalid, NotFound
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_admin_router()


async def get_team(team_id: UUID, session: Session, _admin: AdminUser) -> Team:
    team = await queries.find_team(session, team_id)
    if team is None:
        raise NotFound
    return team


ManagedTeam = Annotated[Team, Depends(get_team)]


async def _show_teams(request: Request, session: AsyncSession, form: Form[NewTeamForm]) -> Response:
    active = {user.id: user for user in await queries.list_active_users(session)}
    memberships = [row for row in await queries.list_all_memberships(session) if row.user_id in active]
    sizes = Counter(row.team_id for row in memberships)
    teams = [
        {
            "team": team,
            "size": sizes[team.id],
            "leads": [active[row.user_id].name for row in memberships if row.leads and row.team_id == team.id],
        }
        for team in await queries.list_teams(session)
    ]
    context = {"teams": teams, "form": form}
    return render(request, "accounts/teams.html", context, status_code=422 if form.errors else 200)


@router.get("/admin/teams")
async def list_teams(request: Request, session: Session) -> Response:
    return await _show_teams(request, session, Form[NewTeamForm]({}))


@router.post("/admin/teams")
async def create_team(request: Request, session: Session, admin: AdminUser) -> Response:
    form = await read_form(request, NewTeamForm)
    if form.data is not None:
        try:
            team = await service.found_team(session, admin, form.data)
            return redirect(request, "team_detail", team_id=team.id)
        except TeamNameTaken as error:
            form.fail("name", error.message)
    return await _show_teams(request, session, form)


async def _show_team(request: Request, session: AsyncSession, form: Form[TeamForm], team: Team) -> Response:
    people = await queries.list_active_users(session)
    context = {
        "team": team,
        "form": form,
        "people": [(user.id, user.name) for user in people],
        "managers": [(user.id, user.name) for user in people if user.role is Role.MANAGER],
    }
    return render(request, "accounts/team.html", context, status_code=422 if form.errors else 200)


@router.get("/admin/teams/{team_id}")
async def team_detail(request: Request, session: Session, team: ManagedTeam) -> Response:
    members = await queries.list_members(session, team.id)
    values: dict[str, str | list[str]] = {
        "name": team.name,
        "members": [str(member.user_id) for member in members],
        "leads": [str(member.user_id) for member in members if member.leads],
    }
    return await _show_team(request, session, Form[TeamForm](values), team)


@router.post("/admin/teams/{team_id}")
async def change_team(request: Request, session: Session, admin: AdminUser, team: ManagedTeam) -> Response:
    form = await read_form(request, TeamForm)
    if form.data is not None:
        try:
            await service.change_team(session, admin, team, form.data)
        except TeamNameTaken as error:
            form.fail("name", error.message)
        except Invalid as error:
            form.refuse(error)
    if form.data is None:
        return await _show_team(request, session, form, team)
    return flash(redirect(request, "list_teams"), _("{name} is changed.").format(name=team.name))
