from uuid import uuid4

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AuditEvent, Team, TeamMember
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA, known_id

OSLO = f"/admin/teams/{known_id('oslo')}"


async def list_members(session: AsyncSession) -> dict[object, bool]:
    rows = await session.scalars(
        select(TeamMember).where(TeamMember.team_id == known_id("oslo")).execution_options(populate_existing=True)
    )
    return {row.user_id: row.leads for row in rows}


async def test_a_team_is_made_named_and_filled(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    made = await adam.post("/admin/teams", data={"name": "Nordic accounts"})
    page = made.headers["location"]
    data = {"name": "Nordic", "members": [str(ALICE.id), str(CHARLIE.id)], "leads": [str(MONA.id)]}
    assert (await adam.post(page, data=data)).status_code == 303
    listed = (await adam.get("/admin/teams")).text
    assert "Nordic" in listed
    assert "3 people" in listed
    assert f"Led by {MONA.name}" in listed
    first = await session.scalar(
        select(TeamMember.team_id).where(TeamMember.user_id == ALICE.id).order_by(TeamMember.position).limit(1)
    )
    assert first == ALICE.team_id, "a further team does not become the default"
    actions = list(await session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    assert actions == ["team.created", "team.changed"]


async def test_saving_a_team_takes_and_removes_members(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    await adam.post(OSLO, data={"name": "Oslo", "members": [str(ALICE.id), str(CHARLIE.id), str(MONA.id)]})
    assert await list_members(session) == {ALICE.id: False, CHARLIE.id: False, MONA.id: False}
    assert "Nobody leads it" in (await adam.get("/admin/teams")).text


async def test_a_team_refuses_what_does_not_fit(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    before = await list_members(session)
    for wrong in (
        {"name": ""},
        {"name": "BERGEN"},
        {"name": "x" * 121},
        {"name": "Oslo", "members": str(DORA.id)},
        {"name": "Oslo", "members": str(uuid4())},
        {"name": "Oslo", "members": "nobody"},
        {"name": "Oslo", "leads": str(DORA.id)},
        {"name": "Oslo", "leads": str(BOB.id)},
    ):
        assert (await adam.post(OSLO, data=wrong)).status_code == 422, wrong
    assert await list_members(session) == before
    taken = await adam.post("/admin/teams", data={"name": "oslo"})
    assert (taken.status_code, "with this name already" in taken.text) == (422, True)


async def test_another_organisations_team_is_not_there(dora: httpx.AsyncClient, session: AsyncSession) -> None:
    assert (await dora.get(OSLO)).status_code == 404
    assert (await dora.post(OSLO, data={"name": "Ours now", "members": str(DORA.id)})).status_code == 404
    assert await session.scalar(select(Team.name).where(Team.id == known_id("oslo"))) == "Oslo"
    assert (await dora.post("/admin/teams", data={"name": "Oslo"})).status_code == 303, "names are each one's own"
