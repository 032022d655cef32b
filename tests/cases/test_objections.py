"""Resistance to a plan is logged by kind and answered by anyone who can read."""

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Objection, Plan
from app.cases.workflow import State
from tests.conftest import OpenApi
from tests.factories import create_case, create_plan
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA

OBJECTION = {"kind": "tried_before", "text": "We sent them <b>figures</b> in May."}


@pytest.fixture
async def case(session: AsyncSession) -> Case:
    return await create_case(session, state=State.CREATING)


@pytest.fixture
async def plan(session: AsyncSession, case: Case) -> Plan:
    return await create_plan(session, case)


async def read_objections(session: AsyncSession, plan: Plan) -> list[Objection]:
    query = select(Objection).where(Objection.plan_id == plan.id)
    return list(await session.scalars(query, execution_options={"populate_existing": True}))


async def test_objection_is_logged_and_answered(
    session: AsyncSession, case: Case, plan: Plan, bob: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    path = f"/cases/{case.id}/plans/{plan.id}/objections"
    assert (await bob.get(f"{path}/new")).status_code == 200
    assert (await bob.post(f"{path}/new", data=OBJECTION)).status_code == 303
    [objection] = await read_objections(session, plan)
    assert objection.raised_by_id == BOB.id
    answering = f"{path}/{objection.id}/answer"
    assert (await mona.get(answering)).status_code == 200
    empty = await mona.post(answering, data={"answer": " "})
    assert (empty.status_code, "Fill this in." in empty.text) == (422, True)
    assert (await mona.post(answering, data={"answer": "Those were ours. These are hers."})).status_code == 303
    assert (await mona.post(answering, data={"answer": "Those were ours, these hers."})).status_code == 303
    other = await bob.post(answering, data={"answer": "And yet."})
    assert (other.status_code, "Somebody else has answered this objection." in other.text) == (409, True)
    page = (await bob.get(f"/cases/{case.id}")).text
    assert "&lt;b&gt;figures&lt;/b&gt;" in page
    assert "Those were ours, these hers." in page


async def test_objection_needs_kind_and_words(case: Case, plan: Plan, alice: httpx.AsyncClient) -> None:
    path = f"/cases/{case.id}/plans/{plan.id}/objections/new"
    for broken in ({"kind": "tried_before"}, {"text": "No."}, OBJECTION | {"kind": "silent"}):
        answer = await alice.post(path, data=broken)
        assert answer.status_code == 422, broken
        assert "One thing to mend" in answer.text
    long = await alice.post(path, data=OBJECTION | {"text": "x" * 2001})
    assert (long.status_code, "Use at most 2000 characters." in long.text) == (422, True)


async def test_api_logs_and_answers(session: AsyncSession, case: Case, plan: Plan, open_api: OpenApi) -> None:
    path = f"/api/v1/cases/{case.id}/plans/{plan.id}/objections"
    api = await open_api(BOB)
    made = await api.post(path, json=OBJECTION)
    assert made.status_code == 201, made.text
    assert (made.json()["kind"], made.json()["raised_by"]["id"]) == ("tried_before", str(BOB.id))
    answered = await api.post(f"{path}/{made.json()['id']}/answer", json={"answer": "Not hers."})
    assert (answered.status_code, answered.json()["answered_by"]["id"]) == (200, str(BOB.id))
    assert (await api.post(path, json=OBJECTION | {"kind": "nonsense"})).status_code == 422
    for person in (CHARLIE, DORA):
        stranger = await open_api(person)
        assert (await stranger.post(path, json=OBJECTION)).status_code == 404
    case.state = State.RESOLVED
    await session.flush()
    late = await (await open_api(MONA)).post(path, json=OBJECTION)
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    assert len(await read_objections(session, plan)) == 1
    assert ALICE.id not in {row.raised_by_id for row in await read_objections(session, plan)}
