"""A plan is chosen with a reason, switched by the rule, and its steps are ticked off."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CaseMove, HatKind, HatStatus, Plan, PlanStep
from app.cases.workflow import State
from app.core.clock import read_clock
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_hat, create_plan
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA

REASON = {"reason": "She owns the budget until August."}


@pytest.fixture
async def case(session: AsyncSession) -> Case:
    return await create_case(session, state=State.CREATING)


@pytest.fixture
async def plans(session: AsyncSession, case: Case) -> tuple[Plan, Plan]:
    return await create_plan(session, case, "A"), await create_plan(session, case, "B")


async def start_trying(session: AsyncSession, case: Case, plan: Plan) -> None:
    case.state = State.TRYING
    case.chosen_plan_id, case.chosen_by_id, case.chosen_at = plan.id, ALICE.id, NOW
    await session.flush()


async def test_a_plan_stays_chosen_when_who_chose_it_is_gone(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], bob: httpx.AsyncClient
) -> None:
    await start_trying(session, case, plans[0])
    case.chosen_by_id = uuid4()
    await session.flush()
    page = await bob.get(f"/cases/{case.id}")
    assert page.status_code == 200
    assert "Chosen</span>" in page.text


async def test_owner_chooses(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], alice: httpx.AsyncClient
) -> None:
    path = f"/cases/{case.id}/plans/{plans[1].id}/choose"
    assert (await alice.get(path)).status_code == 200
    assert (await alice.post(path, data=REASON)).status_code == 303
    await session.refresh(case)
    assert (case.state, case.chosen_plan_id, case.chosen_by_id) == (State.TRYING, plans[1].id, ALICE.id)
    assert case.choice_reason == REASON["reason"]
    assert case.follow_up_on == read_clock().date() + timedelta(days=14)
    page = await alice.get(f"/cases/{case.id}")
    assert f"Chosen by {ALICE.name}" in page.text
    assert REASON["reason"] in page.text
    assert page.text.count("plan-chosen") == 1


async def test_follow_up_waits_for_the_switch_date(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], open_api: OpenApi
) -> None:
    plans[0].switch_on = read_clock().date() + timedelta(days=40)
    await session.flush()
    api = await open_api(ALICE)
    chosen = await api.post(f"/api/v1/cases/{case.id}/plans/{plans[0].id}/choose", json=REASON)
    assert chosen.status_code == 200, chosen.text
    assert chosen.json()["follow_up_on"] == plans[0].switch_on.isoformat()
    assert (chosen.json()["state"], chosen.json()["letter"]) == ("trying", "A")


async def test_team_manager_and_accepted_decision_maker_choose(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], mona: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    path = f"/cases/{case.id}/plans/{plans[0].id}/choose"
    assert (await mona.get(path)).status_code == 200
    hat = await create_hat(session, case, BOB, kind=HatKind.DECISION_MAKER, status=HatStatus.ASKED)
    assert (await bob.post(path, data=REASON)).status_code == 403
    hat.status = HatStatus.ACCEPTED
    await session.flush()
    assert (await bob.post(path, data=REASON)).status_code == 303
    assert (await mona.post(f"/cases/{case.id}/plans/{plans[1].id}/choose", data=REASON)).status_code == 303


async def test_nobody_else_chooses(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], open_api: OpenApi, bob: httpx.AsyncClient
) -> None:
    assert (await bob.get(f"/cases/{case.id}/plans/{plans[0].id}/choose")).status_code == 403
    for person, status in ((BOB, 403), (CHARLIE, 404), (DORA, 404)):
        api = await open_api(person)
        answer = await api.post(f"/api/v1/cases/{case.id}/plans/{plans[0].id}/choose", json=REASON)
        assert answer.status_code == status, person.key
    await session.refresh(case)
    assert (case.state, case.chosen_plan_id) == (State.CREATING, None)


async def test_one_plan_is_no_choice(session: AsyncSession, case: Case, open_api: OpenApi) -> None:
    plan = await create_plan(session, case, "A", switch_rule="")
    api = await open_api(ALICE)
    refused = await api.post(f"/api/v1/cases/{case.id}/plans/{plan.id}/choose", json=REASON)
    assert (refused.status_code, refused.json()["code"]) == (409, "case_not_ready")
    assert set(refused.json()["errors"]) == {"plans", "switch_rule"}
    assert (await api.post(f"/api/v1/cases/{case.id}/plans/{plan.id}/choose", json={"reason": " "})).status_code == 422
    await session.refresh(case)
    assert (case.state, case.chosen_plan_id, case.version) == (State.CREATING, None, 1)


async def test_page_says_what_the_choice_needs(session: AsyncSession, case: Case, alice: httpx.AsyncClient) -> None:
    await create_plan(session, case, "A", switch_rule="")
    plan = await create_plan(session, case, "B")
    path = f"/cases/{case.id}/plans/{plan.id}/choose"
    refused = await alice.post(path, data=REASON)
    assert refused.status_code == 409
    assert "Say when to switch from plan A." in refused.text
    assert REASON["reason"] in refused.text
    empty = await alice.post(path, data={"reason": ""})
    assert empty.status_code == 422
    assert "Fill this in." in empty.text
    past = await alice.post(path, data=REASON | {"follow_up_on": "2020-01-01"})
    assert (past.status_code, "Choose a day that is still to come." in past.text) == (422, True)


@pytest.mark.parametrize("state", [State.INVESTIGATING, State.RESOLVED, State.WITHDRAWN])
async def test_choice_has_its_time(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], open_api: OpenApi, state: State
) -> None:
    case.state = state
    await session.flush()
    api = await open_api(ALICE)
    refused = await api.post(f"/api/v1/cases/{case.id}/plans/{plans[0].id}/choose", json=REASON)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")


async def test_switch_is_offered_on_its_day_and_kept(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], alice: httpx.AsyncClient
) -> None:
    await start_trying(session, case, plans[0])
    plans[0].switch_on = read_clock().date() + timedelta(days=2)
    await session.flush()
    assert "was to have worked by" not in (await alice.get(f"/cases/{case.id}")).text
    plans[0].switch_on = read_clock().date() - timedelta(days=1)
    await session.flush()
    page = (await alice.get(f"/cases/{case.id}")).text
    assert "Plan A was to have worked by" in page
    assert page.count("Switch to plan B") == 1
    reason = {"reason": "No answer by Friday."}
    again = await alice.post(f"/cases/{case.id}/plans/{plans[0].id}/choose", data=reason)
    assert (again.status_code, "Plan A is being tried already." in again.text) == (409, True)
    assert (await alice.post(f"/cases/{case.id}/plans/{plans[1].id}/choose", data=reason)).status_code == 303
    await session.refresh(case)
    assert (case.state, case.chosen_plan_id) == (State.TRYING, plans[1].id)
    [switch] = await session.scalars(select(CaseMove).where(CaseMove.case_id == case.id))
    assert (switch.to_state, switch.user_id, switch.note) == (State.TRYING, ALICE.id, "B: No answer by Friday.")


async def test_steps_are_ticked_by_the_owners(
    session: AsyncSession,
    case: Case,
    alice: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    mona: httpx.AsyncClient,
    open_api: OpenApi,
) -> None:
    plan = await create_plan(session, case, "A", steps=("Fetch her sheet",))
    step = (await session.scalars(select(PlanStep).where(PlanStep.plan_id == plan.id))).one()
    path = f"/cases/{case.id}/plans/{plan.id}/steps/{step.id}"
    assert (await alice.post(f"{path}/done")).status_code == 409
    await start_trying(session, case, plan)
    assert (await alice.post(f"{path}/done")).headers["location"] == f"/cases/{case.id}#step-{step.id}"
    await session.refresh(step)
    assert step.done_by_id == ALICE.id
    assert (await bob.post(f"{path}/undone")).status_code == 403
    step.owner_id = BOB.id
    await session.flush()
    row = await bob.post(f"{path}/undone", headers={"HX-Request": "true"})
    assert row.status_code == 200
    assert 'aria-pressed="false"' in row.text
    assert "<html" not in row.text
    assert (await mona.post(f"{path}/done")).status_code == 403
    api = await open_api(BOB)
    done = await api.post(f"/api/v1{path}/done")
    assert (done.status_code, done.json()["owner"]["id"]) == (200, str(BOB.id))
    assert done.json()["done_at"] is not None
    assert (await (await open_api(CHARLIE)).post(f"/api/v1{path}/undone")).status_code == 404
    await session.refresh(case)
    assert case.version == 1


async def test_colleague_sees_no_buttons(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], bob: httpx.AsyncClient
) -> None:
    await start_trying(session, case, plans[0])
    page = (await bob.get(f"/cases/{case.id}")).text
    assert "Switch to plan B" not in page
    assert "Tell how it went" not in page
    assert "Log an objection" in page
    assert MONA.name in page


async def test_case_opened_again_has_nothing_chosen(
    session: AsyncSession, case: Case, plans: tuple[Plan, Plan], alice: httpx.AsyncClient
) -> None:
    await start_trying(session, case, plans[0])
    case.state = State.INVESTIGATING
    await session.flush()
    assert "plan-chosen" not in (await alice.get(f"/cases/{case.id}")).text
