import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CaseMove
from app.cases.workflow import State
from app.practices.models import Audience, Practice, Trust
from tests.conftest import OpenApi
from tests.factories import create_case, create_plan, create_practice, create_resolved_case
from tests.world import ALICE, BOB

STORY = {
    "title": "Bring a silent buyer back with a visit",
    "when_to_use": "They liked the demo and then went quiet.",
    "what_to_do": "Invite the manager to see it run elsewhere.",
    "what_to_say": "Come and see a night shift.",
    "why_it_worked": "A visit answers the doubt.",
    "when_not_to": "When nobody has the budget.",
    "audience": "everyone",
    "language": "en",
}
NAMED = STORY | {"what_to_do": "Call Havnelast's manager on 22 33 44 55."}


async def find_practice(session: AsyncSession, case: Case) -> Practice | None:
    return await session.scalar(
        select(Practice).where(Practice.case_id == case.id).execution_options(populate_existing=True)
    )


async def test_the_first_draft_is_made_of_the_parts_of_the_case(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session, outcome_not_worked="Three reminders by mail.")
    plan = await create_plan(session, case, "C", steps=("Book the ferry",), positioning="Come and see one.")
    case.outcome_plan_id = plan.id
    await session.flush()

    page = (await alice.get(f"/cases/{case.id}/share")).text

    for part in (case.title, case.situation, plan.move, "- Book the ferry", "Come and see one.", "Three reminders"):
        assert part in page
    assert case.outcome_worked in page
    assert "Havnelast" not in page


async def test_names_are_marked_at_their_field_before_anything_is_sent(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session, situation="Havnelast went quiet. Kai has 22 33 44 55.")
    page = (await alice.get(f"/cases/{case.id}/share")).text
    assert "Havnelast, 22 33 44 55" in page
    assert 'id="f-when_to_use-error"' in page
    assert 'id="f-what_to_do-error"' not in page


async def test_the_preview_shows_what_others_will_see(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session, product="Rutekart")
    preview = (await alice.post(f"/cases/{case.id}/share", data=STORY | {"action": "preview"})).text
    assert await find_practice(session, case) is None

    shared = await alice.post(f"/cases/{case.id}/share", data=STORY | {"action": "share"})
    assert shared.status_code == 303
    seen = (await bob.get(shared.headers["location"])).text
    for text in [*list(STORY.values())[:6], "Rutekart", "Won with", "Alice Fjord, Oslo", "Customer has gone silent"]:
        assert text in preview
        assert text in seen
    assert "Havnelast" not in preview + seen


async def test_sharing_moves_the_case_and_keeps_who_did_it(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_resolved_case(session)
    await alice.post(f"/cases/{case.id}/share", data=STORY | {"action": "share"})
    await session.refresh(case)
    assert case.state is State.SHARED
    move = (await session.scalars(select(CaseMove).where(CaseMove.case_id == case.id))).one()
    assert (move.user_id, move.to_state) == (ALICE.id, State.SHARED)
    again = await alice.get(f"/cases/{case.id}/share")
    assert again.status_code == 303


async def test_names_are_shared_only_when_just_these_were_confirmed(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session)
    address = f"/cases/{case.id}/share"
    answers = [
        await alice.post(address, data=NAMED | {"action": "share"}),
        await alice.post(address, data=NAMED | {"action": "share", "confirm_names": "true"}),
        await alice.post(
            address, data=NAMED | {"action": "share", "confirm_names": "true", "names_seen": "22 33 44 55"}
        ),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert all("Havnelast&#39;s" in answer.text and NAMED["when_to_use"] in answer.text for answer in answers)
    assert await find_practice(session, case) is None
    await session.refresh(case)
    assert case.state is State.RESOLVED

    seen = {"action": "share", "confirm_names": "true", "names_seen": "Havnelast's\r\n22 33 44 55"}
    assert (await alice.post(address, data=NAMED | seen)).status_code == 303
    assert await find_practice(session, case) is not None


@pytest.mark.parametrize("state", [State.INVESTIGATING, State.CREATING, State.TRYING, State.WITHDRAWN])
async def test_only_a_resolved_case_is_shared(session: AsyncSession, alice: httpx.AsyncClient, state: State) -> None:
    case = await create_case(session, state=state)
    assert (await alice.get(f"/cases/{case.id}/share")).status_code == 409
    assert (await alice.post(f"/cases/{case.id}/share", data=STORY | {"action": "share"})).status_code == 409
    assert await find_practice(session, case) is None


async def test_only_the_owner_shares(
    session: AsyncSession, bob: httpx.AsyncClient, charlie: httpx.AsyncClient, dora: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session)
    address = f"/cases/{case.id}/share"
    assert [(await client.get(address)).status_code for client in (bob, charlie, dora)] == [403, 404, 404]
    posted = [await client.post(address, data=STORY | {"action": "share"}) for client in (bob, charlie, dora)]
    assert [answer.status_code for answer in posted] == [403, 404, 404]
    assert await find_practice(session, case) is None


async def test_a_form_with_gaps_comes_back_with_what_was_typed(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_resolved_case(session)
    sent = STORY | {"title": "", "what_to_say": "<b>Night</b>", "action": "share", "language": "xx"}
    answer = await alice.post(f"/cases/{case.id}/share", data=sent)
    assert answer.status_code == 422
    assert "Fill this in." in answer.text
    assert "Choose one of the options." in answer.text
    assert "&lt;b&gt;Night&lt;/b&gt;" in answer.text
    assert "<b>Night" not in answer.text


async def test_a_case_shared_again_keeps_its_practice_and_starts_its_trust_anew(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session)
    practice = await create_practice(session, case, trust=Trust.VALIDATED)
    case.state = State.INVESTIGATING
    await session.flush()
    assert (await bob.get(f"/practices/{practice.id}")).status_code == 404

    case.state = State.RESOLVED
    await session.flush()
    assert practice.when_to_use in (await alice.get(f"/cases/{case.id}/share")).text
    await alice.post(f"/cases/{case.id}/share", data=STORY | {"action": "share"})
    assert STORY["title"] in (await bob.get(f"/practices/{practice.id}")).text
    found = await find_practice(session, case)
    assert found is not None
    assert (found.id, found.trust) == (practice.id, Trust.NOT_VALIDATED)


async def test_a_program_must_confirm_names(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_resolved_case(session)
    api = await open_api(ALICE)
    address = f"/api/v1/cases/{case.id}/share"
    refused = await api.post(address, json=NAMED)
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["code"] == "names_found"
    assert problem["errors"] == {"what_to_do": "Havnelast's, 22 33 44 55"}
    assert await find_practice(session, case) is None

    shared = await api.post(address, json=NAMED | {"confirm_names": True})
    assert shared.status_code == 201
    body = shared.json()
    assert body["case_id"] == str(case.id)
    assert body["solver"]["name"] == "Alice Fjord"
    assert body["trust"]["state"] == "not_validated"
    assert shared.headers["etag"] == '"1"'
    assert (await api.get(shared.headers["location"])).json() == body
    assert (await api.post(address, json=STORY)).json()["code"] == "wrong_state"


async def test_a_program_is_told_what_is_wrong(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_resolved_case(session)
    api = await open_api(ALICE)
    address = f"/api/v1/cases/{case.id}/share"
    for wrong in ({"title": ""}, {"title": "x" * 141}, {"title": "a\x00b"}, {"audience": "world"}, {"unknown": 1}):
        answer = await api.post(address, json=STORY | wrong)
        assert answer.status_code == 422
        assert list(answer.json()["errors"]) == list(wrong)
    assert (await (await open_api(BOB)).post(address, json=STORY)).status_code == 403


async def test_a_team_keeps_its_practice_to_itself(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session)
    shared = await alice.post(f"/cases/{case.id}/share", data=STORY | {"action": "share", "audience": "team"})
    practice = await find_practice(session, case)
    assert practice is not None
    assert practice.audience is Audience.TEAM
    address = shared.headers["location"]
    assert [(await client.get(address)).status_code for client in (alice, bob, charlie)] == [200, 200, 404]
