from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AuditEvent, Role, TeamMember, User, UserSession
from tests.conftest import OpenApi, SignIn
from tests.factories import create_case
from tests.world import ADAM, ALICE, BOB, CAST, CHARLIE, DORA, LENA, MONA, Person, known_id

PAGES = (
    "/admin",
    "/admin/people/new",
    f"/admin/people/{BOB.id}",
    "/admin/teams",
    "/admin/keys",
    "/admin/model",
    "/admin/audit",
    "/admin/invitations",
)
WRITES = (
    "/admin/people/new",
    f"/admin/people/{BOB.id}",
    f"/admin/people/{BOB.id}/link",
    f"/admin/people/{BOB.id}/deactivate",
    f"/admin/people/{BOB.id}/reactivate",
    "/admin/teams",
    f"/admin/teams/{BOB.team_id}",
    "/admin/keys",
    "/admin/invitations",
    f"/admin/invitations/{BOB.id}/revoke",
)


async def load(session: AsyncSession, person: Person) -> User:
    found = await session.scalars(select(User).where(User.id == person.id).execution_options(populate_existing=True))
    return found.one()


async def list_actions(session: AsyncSession) -> list[str]:
    return list(await session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def described(person: Person, **changes: object) -> dict[str, object]:
    return {"name": person.name, "role": person.role.value, "teams": [str(person.team_id)], **changes}


@pytest.mark.parametrize("person", [ALICE, MONA, LENA], ids=lambda person: person.role)
async def test_only_an_admin_administers(sign_in: SignIn, person: Person) -> None:
    browser = await sign_in(person)
    for page in PAGES:
        assert (await browser.get(page)).status_code == 403, page
    for page in WRITES:
        assert (await browser.post(page, data={"name": "x", "role": "admin"})).status_code == 403, page
    assert 'href="/admin"' not in (await browser.get("/account")).text


async def test_a_visitor_is_sent_to_sign_in(visitor: httpx.AsyncClient) -> None:
    for page in PAGES:
        assert (await visitor.get(page)).status_code == 303
    for page in WRITES:
        assert (await visitor.post(page)).status_code == 401


async def test_the_admin_sees_everybody_of_the_organisation_and_nobody_else(
    adam: httpx.AsyncClient, dora: httpx.AsyncClient
) -> None:
    ours, theirs = (await adam.get("/admin")).text, (await dora.get("/admin")).text
    for person in CAST:
        assert (person.email in ours) == (person is not DORA)
        assert (person.email in theirs) == (person is DORA)


async def test_another_organisations_ids_find_nothing(dora: httpx.AsyncClient, session: AsyncSession) -> None:
    for suffix in ("", "/deactivate"):
        assert (await dora.get(f"/admin/people/{BOB.id}{suffix}")).status_code == 404
    for suffix in ("", "/link", "/deactivate", "/reactivate"):
        data = {"name": "Hacked", "role": "admin", "heir": str(DORA.id)}
        assert (await dora.post(f"/admin/people/{BOB.id}{suffix}", data=data)).status_code == 404
    assert (await load(session, BOB)).name == BOB.name
    own = f"/admin/people/{DORA.id}"
    for field in ("teams", "leads", "first_team"):
        answer = await dora.post(own, data={"name": "D", "role": "admin", field: str(BOB.team_id)})
        assert answer.status_code == 422, field
        answer = await dora.post(
            "/admin/people/new",
            data={"name": "N", "email": "n@other.example", "role": "seller", field: str(BOB.team_id)},
        )
        assert answer.status_code == 422, field
    assert "Oslo" not in (await dora.get(own)).text


async def test_an_invitation_needs_sound_fields(adam: httpx.AsyncClient) -> None:
    answer = await adam.post("/admin/people/new", data={"name": " ", "email": "no address", "role": "king"})
    assert answer.status_code == 422
    for message in ("Fill this in.", "such as kari@example.com", "Choose one of the options."):
        assert message in answer.text
    assert 'value="no address"' in answer.text
    taken = await adam.post("/admin/people/new", data={"name": "A", "email": ALICE.email, "role": "seller"})
    assert (taken.status_code, "in this organisation already" in taken.text) == (422, True)


async def test_a_person_gets_role_and_teams_in_order(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    oslo, bergen = str(known_id("oslo")), str(known_id("bergen"))
    data = described(ALICE, role="manager", name="Alice Olsen", teams=[bergen, oslo], first_team=oslo, leads=[bergen])
    assert (await adam.post(f"/admin/people/{ALICE.id}", data=data)).status_code == 303
    user = await load(session, ALICE)
    assert (user.name, user.role) == ("Alice Olsen", Role.MANAGER)
    rows = await session.scalars(select(TeamMember).where(TeamMember.user_id == ALICE.id).order_by(TeamMember.position))
    assert [(str(row.team_id), row.leads) for row in rows] == [(oslo, False), (bergen, True)]
    assert await list_actions(session) == ["person.changed"]


async def test_only_a_manager_leads(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    data = described(MONA, role="seller", leads=[str(MONA.team_id)])
    answer = await adam.post(f"/admin/people/{MONA.id}", data=data)
    assert (answer.status_code, "Only a manager" in answer.text) == (422, True)
    assert (await load(session, MONA)).role is Role.MANAGER
    assert await list_actions(session) == []


async def test_an_admin_remains(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    answer = await adam.post(f"/admin/people/{ADAM.id}", data=described(ADAM, role="seller"))
    assert (answer.status_code, "the only admin" in answer.text) == (422, True)
    own = await adam.post(f"/admin/people/{ADAM.id}/deactivate", data={"heir": str(BOB.id)})
    assert (own.status_code, "ask another admin" in own.text) == (422, True)
    await adam.post("/admin/people/new", data={"name": "New", "email": "new@fjord.example", "role": "admin"})
    invited = await adam.post(f"/admin/people/{ADAM.id}", data=described(ADAM, role="seller"))
    assert invited.status_code == 422, "somebody who is only invited cannot administer yet"
    await adam.post(f"/admin/people/{BOB.id}", data=described(BOB, role="admin"))
    assert (await adam.post(f"/admin/people/{ADAM.id}", data=described(ADAM, role="seller"))).status_code == 303
    assert (await adam.get("/admin")).status_code == 403, "at once, in the same session"
    assert (await load(session, ADAM)).role is Role.SELLER


async def test_shutting_out_ends_sessions_and_hands_cases_over(
    adam: httpx.AsyncClient, alice: httpx.AsyncClient, session: AsyncSession
) -> None:
    case = await create_case(session, owner=ALICE)
    page = f"/admin/people/{ALICE.id}/deactivate"
    assert BOB.name in (await adam.get(page)).text
    for heir in ("", str(uuid4()), str(ALICE.id), str(DORA.id)):
        assert (await adam.post(page, data={"heir": heir})).status_code == 422
    assert (await adam.post(page, data={"heir": str(BOB.id)})).status_code == 303
    assert (await alice.get("/account")).status_code == 303
    assert (await session.scalars(select(UserSession).where(UserSession.user_id == ALICE.id))).all() == []
    await session.refresh(case)
    assert (case.owner_id, case.author_id) == (BOB.id, ALICE.id)
    assert "person.deactivated" in await list_actions(session)
    assert (await adam.post(f"/admin/people/{ALICE.id}/link")).status_code == 409
    await adam.post(f"/admin/people/{ALICE.id}/reactivate")
    assert (await load(session, ALICE)).deactivated_at is None


async def test_a_key_cannot_act_as_somebody_shut_out(
    adam: httpx.AsyncClient, open_api: OpenApi, session: AsyncSession
) -> None:
    program = await open_api(CHARLIE)
    assert (await program.get("/api/v1/me")).json()["user"]["id"] == str(CHARLIE.id)
    await adam.post(f"/admin/people/{CHARLIE.id}/deactivate", data={"heir": str(BOB.id)})
    assert (await program.get("/api/v1/me")).status_code == 403
    assert CHARLIE.email not in (await (await open_api(BOB)).get("/api/v1/users")).text


async def test_script_in_a_name_is_shown_as_text(adam: httpx.AsyncClient) -> None:
    script = "<script>alert(1)</script>"
    await adam.post(f"/admin/people/{BOB.id}", data=described(BOB, name=script))
    await adam.post("/admin/teams", data={"name": script})
    for page in ("/admin", f"/admin/people/{BOB.id}", "/admin/teams", f"/admin/people/{ALICE.id}/deactivate"):
        text = (await adam.get(page)).text
        assert script not in text
        assert "&lt;script&gt;" in text
