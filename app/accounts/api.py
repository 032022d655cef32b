"""Who I am, and whom I can name, for programs."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.accounts import queries
from app.accounts.deps import CurrentViewer, create_api_router
from app.accounts.models import Team
from app.accounts.schemas import (
    ClientOut,
    MeOut,
    OrganisationOut,
    TeamOut,
    TeamPage,
    TypedEmail,
    UserOut,
    UserPage,
)
from app.core.db import Session
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam, Limit, cut_page

router = create_api_router("people")


@router.get("/me", operation_id="get_me", summary="Whose rights this request has")
async def get_me(viewer: CurrentViewer) -> MeOut:
    user = client = None
    if viewer.user_id is not None and viewer.role is not None:
        user = UserOut(
            id=viewer.user_id,
            name=viewer.name,
            email=viewer.email,
            role=viewer.role,
            team_ids=list(viewer.team_ids),
        )
    if viewer.client_id is not None:
        client = ClientOut(id=viewer.client_id, scopes=sorted(viewer.scopes or ()))
    named = viewer.organisation
    organisation = OrganisationOut(id=named.id, name=named.name, slug=named.slug)
    return MeOut(organisation=organisation, user=user, client=client)


@router.get("/users", operation_id="list_users", summary="Active users, the newest first")
async def read_users(
    session: Session,
    email: Annotated[TypedEmail | None, Query(description="Only the user with this e-mail.")] = None,
    limit: Limit = PAGE_SIZE,
    cursor: CursorParam = None,
) -> UserPage:
    rows = await queries.list_user_rows(session, email=email, after=Cursor.decode(cursor), limit=limit)
    page = cut_page(rows, limit, lambda row: Cursor(row[0].created_at, row[0].id))
    teams: dict[UUID, list[UUID]] = defaultdict(list)
    for member in await queries.list_memberships_of(session, user_ids=[user.id for user, _email in page.items]):
        teams[member.user_id].append(member.team_id)
    items = [
        UserOut(id=user.id, name=user.name, email=address, role=user.role, team_ids=teams[user.id])
        for user, address in page.items
    ]
    return UserPage(items=items, next_cursor=page.next_cursor)


@router.get("/teams", operation_id="list_teams", summary="Teams with their active members, the newest first")
async def read_teams(session: Session, limit: Limit = PAGE_SIZE, cursor: CursorParam = None) -> TeamPage:
    rows: Sequence[Team] = await queries.list_team_rows(session, after=Cursor.decode(cursor), limit=limit)
    page = cut_page(rows, limit, lambda team: Cursor(team.created_at, team.id))
    members = await queries.list_memberships_of(session, team_ids=[team.id for team in page.items])
    items = [
        TeamOut(
            id=team.id,
            name=team.name,
            member_ids=[member.user_id for member in members if member.team_id == team.id],
            leader_ids=[member.user_id for member in members if member.team_id == team.id and member.leads],
        )
        for team in page.items
    ]
    return TeamPage(items=items, next_cursor=page.next_cursor)
