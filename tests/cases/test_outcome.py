"""The owner tells how it went, which resolves the case; "still open" asks again later."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CodeKind, Objection, Plan
from app.cases.workflow import State
from app.core.clock import read_clock
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_plan, find_code
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA

WON = {"outcome": "won_a", "plan": "A", "worked": "She took it to the board herself."}


@pytest.fixture
async def case(session: AsyncSession) -> Case:
    return await create_case(session, state=State.TRYING, chosen_by_id=ALICE.id, chosen_at=NOW)


@pytest.fixture
async def plan(session: AsyncSession, case: Case) -> Plan:
    plan = await create_plan(session, case, "A")
    await create_plan(session, case, "B")
    case.chosen_plan_id = plan.id
    await session.flush()
    return plan


@pytest.fixture
async def objection(session: AsyncSession, plan: Plan) -> Objection:
    kind = await find_code(session, CodeKind.OBJECTION, "unrealistic")
    objection = Objection(
        organisation_id=plan.organisation_id,
        plan_id=plan.id,
        kind_id=kind.id,
        text="She never reads anything.",
        raised_by_id=BOB.id,
        raised_at=NOW,
    )
    session.add(objection)
    await session.flush()
    return objection


async def test_owner_resolves(
    session: AsyncSession, case: Case, plan: Plan, objection: Objection, alice: httpx.AsyncClient
) -> None:
    form = await alice.get(f"/cases/{case.id}/outcome")
    assert form.status_code == 200
    assert "She never reads anything." in form.text
    answer = await alice.post(f"/cases/{case.id}/outcome", data=WON | {f"judged-{objection.id}": "wrong"})
    assert answer.status_code == 303
    await session.refresh(case)
    await session.refresh(objection)
    assert (case.state, case.outcome_plan_id, case.follow_up_on) == (State.RESOLVED, plan.id, None)
    assert case.resolved_at is not None
    assert objection.was_right is False
    page = (await alice.get(f"/cases/{case.id}")).text
    assert "Won with plan A" in page
    assert "She took it to the board herself." in page
    assert "Was wrong" in page


async def test_still_open_asks_again(session: AsyncSession, case: Case, plan: Plan, alice: httpx.AsyncClient) -> None:
    path = f"/cases/{case.id}/outcome"
    asked = await alice.post(path, data={"outcome": "still_open", "worked": "She answers now."})
    assert (asked.status_code, "Choose a day that is still to come." in asked.text) == (422, True)
    day = read_clock().date() + timedelta(days=20)
    noted = await alice.post(
        path, data={"outcome": "still_open", "worked": "She answers now.", "follow_up_on": day.isoformat()}
    )
    assert noted.status_code == 303
    await session.refresh(case)
    assert (case.state, case.follow_up_on, case.outcome_id) == (State.TRYING, day, None)
    assert "She answers now." in (await alice.get(path)).text


async def test_form_says_what_is_missing(
    session: AsyncSession, case: Case, plan: Plan, alice: httpx.AsyncClient
) -> None:
    path = f"/cases/{case.id}/outcome"
    for data, message in (
        ({}, "Fill this in."),
        (WON | {"plan": ""}, "Say which plan was used."),
        (WON | {"plan": "B"}, "You say it was won with plan A: choose that plan."),
        (WON | {"plan": "C"}, "The case has no such plan."),
        ({"outcome": "lost_no_decision"}, "Write what worked or what did not."),
        ({"outcome": "nonsense", "worked": "x"}, "Choose one of the options."),
        (WON | {"worked": "x" * 8001}, "Use at most 8000 characters."),
    ):
        answer = await alice.post(path, data=data)
        assert answer.status_code == 422, data
        assert message in answer.text
    await session.refresh(case)
    assert (case.state, case.outcome_worked, case.version) == (State.TRYING, "", 1)


async def test_only_the_owner_tells(
    case: Case, plan: Plan, bob: httpx.AsyncClient, mona: httpx.AsyncClient, open_api: OpenApi
) -> None:
    for client in (bob, mona):
        assert (await client.get(f"/cases/{case.id}/outcome")).status_code == 403
        assert (await client.post(f"/cases/{case.id}/outcome", data=WON)).status_code == 403
    for person, status in ((MONA, 403), (CHARLIE, 404), (DORA, 404)):
        api = await open_api(person)
        assert (await api.post(f"/api/v1/cases/{case.id}/outcome", json=WON)).status_code == status


async def test_api_resolves_once(
    session: AsyncSession, case: Case, plan: Plan, objection: Objection, open_api: OpenApi
) -> None:
    api = await open_api(ALICE)
    path = f"/api/v1/cases/{case.id}/outcome"
    refused = await api.post(path, json={"outcome": "won_a", "plan": "A"})
    assert (refused.status_code, refused.json()["errors"]) == (409, {"worked": "Write what worked or what did not."})
    assert (
        await api.post(path, json=WON | {"objections": [{"id": str(case.id), "was_right": True}]})
    ).status_code == 422
    told = await api.post(path, json=WON | {"objections": [{"id": str(objection.id), "was_right": True}]})
    assert told.status_code == 200, told.text
    assert (told.json()["state"], told.json()["outcome"], told.json()["plan"]) == ("resolved", "won_a", "A")
    await session.refresh(objection)
    assert objection.was_right is True
    again = await api.post(path, json=WON)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("state", [State.INVESTIGATING, State.CREATING, State.SHARED])
async def test_outcome_has_its_time(session: AsyncSession, alice: httpx.AsyncClient, state: State) -> None:
    case = await create_case(session, state=state)
    assert (await alice.get(f"/cases/{case.id}/outcome")).status_code == 409
    assert (await alice.post(f"/cases/{case.id}/outcome", data=WON)).status_code == 409


@pytest.mark.usefixtures("plan")
async def test_a_new_day_alone_keeps_what_was_told(session: AsyncSession, case: Case, open_api: OpenApi) -> None:
    api, path = await open_api(ALICE), f"/api/v1/cases/{case.id}/outcome"
    later = {"outcome": "still_open", "follow_up_on": str(read_clock().date() + timedelta(days=20))}
    assert (await api.post(path, json=later | {"worked": "She reads it.", "current_state": "Asks."})).status_code == 200
    again = await api.post(path, json=later)
    assert (again.json()["worked"], again.json()["current_state"]) == ("She reads it.", "Asks.")
    cleared = await api.post(path, json=later | {"worked": ""})
    assert (cleared.json()["worked"], cleared.json()["current_state"]) == ("", "Asks.")


async def test_a_new_day_puts_the_switch_of_plans_off(
    session: AsyncSession, case: Case, plan: Plan, alice: httpx.AsyncClient
) -> None:
    today, reminder = read_clock().date(), "Switch plan, or give it more time"
    plan.switch_on = case.follow_up_on = today - timedelta(days=3)
    await session.flush()
    assert reminder in (await alice.get("/")).text
    later = {"outcome": "still_open", "follow_up_on": str(today + timedelta(days=20))}
    assert (await alice.post(f"/cases/{case.id}/outcome", data=later)).status_code == 303
    assert reminder not in (await alice.get("/")).text
    case.follow_up_on = today - timedelta(days=1)
    await session.flush()
    assert reminder in (await alice.get("/")).text
