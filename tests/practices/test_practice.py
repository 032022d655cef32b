import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Visibility
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment
from app.practices.jobs import count_as_tried
from app.practices.models import Audience, Practice, PracticeUse, Trust, UseResult
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_practice, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA


async def share(session: AsyncSession, **fields: object) -> Practice:
    return await create_practice(session, await create_resolved_case(session), **fields)


async def test_everyone_reads_a_practice_and_only_the_team_the_case_behind_it(
    session: AsyncSession, bob: httpx.AsyncClient, charlie: httpx.AsyncClient, open_api: OpenApi
) -> None:
    practice = await share(session)
    link = f"/cases/{practice.case_id}"
    assert link in (await bob.get(f"/practices/{practice.id}")).text
    seen = await charlie.get(f"/practices/{practice.id}")
    assert seen.status_code == 200
    assert link not in seen.text
    assert "Havnelast" not in seen.text
    address = f"/api/v1/practices/{practice.id}"
    assert (await (await open_api(CHARLIE)).get(address)).json()["case_id"] is None
    assert (await (await open_api(BOB)).get(address)).json()["case_id"] == str(practice.case_id)
    assert (await (await open_api(ALICE, act_as=False)).get(address)).json()["case_id"] is None


async def test_another_organisation_finds_nothing(
    session: AsyncSession, dora: httpx.AsyncClient, open_api: OpenApi
) -> None:
    practice = await share(session)
    pages = f"/practices/{practice.id}"
    for address in (pages, f"{pages}/edit", f"{pages}/start"):
        assert (await dora.get(address)).status_code == 404
    for address in (f"{pages}/edit", f"{pages}/uses", f"{pages}/trust"):
        assert (await dora.post(address, data={"result": "worked", "trust": "validated"})).status_code == 404
    assert practice.title not in (await dora.get("/practices")).text
    api = await open_api(DORA)
    address = f"/api/v1{pages}"
    assert (await api.get(address)).status_code == 404
    assert (await api.patch(address, json={"title": "Hers"}, headers={"If-Match": '"1"'})).status_code == 404
    assert (await api.post(f"{address}/uses", json={"result": "worked"})).status_code == 404
    assert (await api.post(f"{address}/trust", json={"trust": "validated"})).status_code == 404
    assert (await api.get("/api/v1/practices")).json()["items"] == []


async def test_only_the_manager_of_the_team_validates_and_retires(
    session: AsyncSession,
    alice: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    mona: httpx.AsyncClient,
    charlie: httpx.AsyncClient,
) -> None:
    practice = await share(session)
    address = f"/practices/{practice.id}/trust"
    for client in (alice, bob, charlie):
        assert (await client.post(address, data={"trust": "validated"})).status_code == 403
    assert (await mona.post(address, data={"trust": "validated"})).status_code == 303
    assert "Validated (Mona Fjord)" in (await charlie.get(f"/practices/{practice.id}")).text

    unreasoned = await charlie.post(address, data={"trust": "needs_review"})
    assert unreasoned.status_code == 422
    assert "Say what should be looked at." in unreasoned.text
    assert (await charlie.post(address, data={"trust": "needs_review", "note": "The rule changed."})).status_code == 303
    flagged = (await bob.get(f"/practices/{practice.id}")).text
    assert "Needs review (Charlie Fjord)" in flagged
    assert "The rule changed." in flagged

    assert (await mona.post(address, data={"trust": "obsolete"})).status_code == 303
    revived = await charlie.post(address, data={"trust": "needs_review", "note": "It still works."})
    assert revived.status_code == 422
    assert "Obsolete (Mona Fjord)" in (await bob.get(f"/practices/{practice.id}")).text
    assert (await mona.post(address, data={"trust": "shiny"})).status_code == 422


async def test_uses_are_counted_once_a_person(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    practice = await share(session)
    address = f"/practices/{practice.id}/uses"
    for client, result in ((bob, "not"), (bob, "worked"), (charlie, "partly")):
        assert (await client.post(address, data={"result": result, "note": f"It was {result}."})).status_code == 303
    page = (await alice.get(f"/practices/{practice.id}")).text
    assert "Tried by 2, worked for 1" in page
    assert "It was worked." in page
    assert "It was not." not in page
    own = await alice.post(address, data={"result": "worked"})
    assert own.status_code == 422
    assert (await bob.post(address, data={"note": "Well."})).status_code == 422


async def test_a_program_reports_a_use_on_a_case(session: AsyncSession, open_api: OpenApi) -> None:
    practice = await share(session)
    mine = await create_case(session, owner=BOB)
    hidden = await create_case(session, owner=CHARLIE)
    api = await open_api(BOB)
    address = f"/api/v1/practices/{practice.id}/uses"
    for _attempt in range(2):
        assert (await api.post(address, json={"result": "worked", "case_id": str(mine.id)})).status_code == 201
    refused = await api.post(address, json={"result": "worked", "case_id": str(hidden.id)})
    assert list(refused.json()["errors"]) == ["case_id"]
    read = (await api.get(f"/api/v1/practices/{practice.id}")).json()
    assert (read["tried"], read["worked"], read["trying"]) == (1, 1, 0)
    assert (await (await open_api(ALICE)).post(address, json={"result": "worked"})).json()["code"] == "own_practice"
    assert (await (await open_api(BOB, act_as=False)).post(address, json={"result": "worked"})).status_code == 403


async def test_a_plan_based_on_a_practice_counts_as_being_tried_until_its_result_is_told(
    session: AsyncSession, session_factory: SessionFactory, bob: httpx.AsyncClient
) -> None:
    practice = await share(session)
    case = await create_case(session, owner=BOB)
    environment = JobEnvironment(session_factory)
    for person in (BOB, BOB, ALICE):
        await count_as_tried(
            environment,
            organisation_id=str(practice.organisation_id),
            practice_id=str(practice.id),
            user_id=str(person.id),
            case_id=str(case.id),
        )
    uses = (await session.scalars(select(PracticeUse).where(PracticeUse.practice_id == practice.id))).all()
    assert [(use.user_id, use.case_id, use.result) for use in uses] == [(BOB.id, case.id, None)]
    assert "1 colleague is trying it now." in (await bob.get(f"/practices/{practice.id}")).text

    await bob.post(f"/practices/{practice.id}/uses", data={"result": "worked"})
    await session.refresh(uses[0])
    assert uses[0].result is UseResult.WORKED
    page = (await bob.get(f"/practices/{practice.id}")).text
    assert "Tried by 1, worked for 1" in page
    assert "Correct what you said" in page
    await bob.post(f"/practices/{practice.id}/uses", data={"result": "partly"})
    assert "Tried by 1, worked for 0" in (await bob.get(f"/practices/{practice.id}")).text


async def test_nobody_tries_a_practice_that_is_not_for_them(
    session: AsyncSession, session_factory: SessionFactory
) -> None:
    practice = await share(session, audience=Audience.TEAM)
    for person in (CHARLIE, BOB):
        case = await create_case(session, owner=person)
        await count_as_tried(
            JobEnvironment(session_factory),
            organisation_id=str(practice.organisation_id),
            practice_id=str(practice.id),
            user_id=str(person.id),
            case_id=str(case.id),
        )
    uses = await session.scalars(select(PracticeUse).where(PracticeUse.practice_id == practice.id))
    assert [use.user_id for use in uses] == [BOB.id]


async def test_using_it_leads_to_a_plan_that_starts_from_it(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    practice = await share(session)
    address = f"/practices/{practice.id}/start"
    assert "You have no open case" in (await bob.get(address)).text
    first = await create_case(session, owner=BOB)
    start = await bob.get(address)
    assert start.headers["location"].startswith(f"/cases/{first.id}/plans/new?practice={practice.id}&move=Invite")
    second = await create_case(session, owner=BOB, title="Quiet since the offer")
    assert f"{address}?case={second.id}" in (await bob.get(address)).text
    assert (await bob.get(f"{address}?case={second.id}")).status_code == 303
    others = await create_case(session)
    assert (await bob.get(f"{address}?case={others.id}")).status_code == 404


async def test_the_solver_and_the_manager_edit(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    practice = await share(session, trust=Trust.VALIDATED, trust_by_id=MONA.id, trust_at=NOW)
    address = f"/practices/{practice.id}/edit"
    fields = {
        "title": "Show it running",
        "when_to_use": "Silence.",
        "what_to_do": "Invite.",
        "action": "share",
        "language": "en",
    }
    assert (await bob.get(address)).status_code == 403
    assert (await bob.post(address, data=fields | {"version": "1"})).status_code == 403
    assert (await mona.post(address, data=fields | {"version": "1"})).status_code == 303
    await session.refresh(practice)
    assert (practice.version, practice.trust) == (2, Trust.VALIDATED)

    stale = await alice.post(address, data=fields | {"version": "1", "what_to_do": "Mine."})
    assert stale.status_code == 412
    assert "Mine." in stale.text
    assert "Invite." in stale.text
    assert 'name="version" value="2"' in stale.text
    named = await alice.post(address, data=fields | {"version": "2", "what_to_do": "Call Havnelast."})
    assert named.status_code == 422
    assert (await alice.post(address, data=fields | {"version": "2", "what_to_do": "Mine."})).status_code == 303
    await session.refresh(practice)
    assert (practice.version, practice.trust, practice.trust_by_id) == (3, Trust.NEEDS_REVIEW, ALICE.id)


async def test_a_program_edits_with_the_etag_it_read(session: AsyncSession, open_api: OpenApi) -> None:
    practice = await share(session)
    api = await open_api(ALICE)
    address = f"/api/v1/practices/{practice.id}"
    assert (await api.patch(address, json={"title": "New"})).status_code == 428
    assert (await api.patch(address, json={"title": "New"}, headers={"If-Match": '"7"'})).status_code == 412
    named = await api.patch(address, json={"title": "Havnelast again"}, headers={"If-Match": '"1"'})
    assert named.json()["errors"] == {"title": "Havnelast"}
    changed = await api.patch(address, json={"title": "New", "audience": "team"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["audience"], changed.headers["etag"]) == ("New", "team", '"2"')
    assert changed.json()["what_to_do"] == practice.what_to_do
    assert (await api.patch(address, json={"title": ""}, headers={"If-Match": '"2"'})).status_code == 422
    other = await open_api(CHARLIE)
    assert (await other.patch(address, json={"title": "His"}, headers={"If-Match": '"2"'})).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("obstacle=champion_left", True),
        ("obstacle=silent", False),
        ("outcome=lost_no_decision", True),
        ("outcome=won_a", False),
        ("language=sv", True),
        ("language=nb", False),
        ("trust=validated", True),
        ("trust=obsolete", False),
        ("product=RUTEKART", True),
        ("product=Lagerlys", False),
        (f"team={ALICE.team_id}", True),
        (f"team={CHARLIE.team_id}", False),
        ("obstacle=&team=&trust=", True),
    ],
)
async def test_the_list_is_filtered(session: AsyncSession, bob: httpx.AsyncClient, query: str, found: bool) -> None:  # noqa: FBT001
    case = await create_resolved_case(
        session, outcome="lost_no_decision", obstacles=("champion_left",), product="Rutekart"
    )
    await create_practice(session, case, title="The one", language="sv", trust=Trust.VALIDATED)
    await create_case(session, title="Noise", visibility=Visibility.EVERYONE)
    page = (await bob.get(f"/practices?{query}")).text
    assert ("The one" in page) is found
    assert ("Nothing matches" in page) is not found


async def test_the_list_refuses_what_does_not_exist(open_api: OpenApi) -> None:
    api = await open_api(BOB)
    answer = await api.get("/api/v1/practices?obstacle=nothing_such&outcome=won_a")
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["obstacle"]
    assert (await api.get("/api/v1/practices?trust=shiny")).status_code == 422
    assert (await api.get("/api/v1/practices?cursor=none")).status_code == 400


async def test_the_list_leaves_out_the_practices_of_other_teams(
    session: AsyncSession, bob: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    await share(session, title="For Oslo only", audience=Audience.TEAM)
    assert "For Oslo only" in (await bob.get("/practices")).text
    assert "For Oslo only" not in (await charlie.get("/practices")).text
