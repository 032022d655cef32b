"""Plans are proposed by whoever can read, after two answered questions, and edited without losing anybody's text."""

from datetime import date

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CaseMove, Plan, PlanStep, Visibility
from app.cases.workflow import State
from app.practices.models import Audience
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_plan, create_practice, create_question, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA

MOVE = {"move": "Send the CFO one page with her own figures."}
STEPS = {"step_id": ["", "", ""], "step_owner": ["", str(BOB.id), ""], "step_due": ["2026-12-01", "", ""]}


async def list_plans(session: AsyncSession, case: Case) -> list[Plan]:
    query = select(Plan).where(Plan.case_id == case.id).order_by(Plan.letter)
    return list(await session.scalars(query, execution_options={"populate_existing": True}))


async def list_steps(session: AsyncSession, plan: Plan) -> list[PlanStep]:
    query = select(PlanStep).where(PlanStep.plan_id == plan.id).order_by(PlanStep.position)
    return list(await session.scalars(query, execution_options={"populate_existing": True}))


async def test_first_plan_opens_after_two_answered_questions(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session)
    await create_question(session, case, answer="The port does.")
    await create_question(session, case, text="Who signs?", answer="The harbour master.")
    steps = STEPS | {"step_text": ["Fetch her sheet", "Ask for an hour", ""]}
    answer = await bob.post(f"/cases/{case.id}/plans/new", data=MOVE | steps | {"effort": "small"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/cases/{case.id}#plan-A"
    [plan] = await list_plans(session, case)
    assert (plan.letter, plan.author_id, plan.effort) == ("A", BOB.id, "small")
    written = [(step.text, step.owner_id, step.due_on) for step in await list_steps(session, plan)]
    assert written == [("Fetch her sheet", None, date(2026, 12, 1)), ("Ask for an hour", BOB.id, None)]
    await session.refresh(case)
    assert case.state is State.CREATING
    [move] = await session.scalars(select(CaseMove).where(CaseMove.case_id == case.id))
    assert (move.from_state, move.to_state, move.user_id) == (State.INVESTIGATING, State.CREATING, BOB.id)


async def test_first_plan_is_refused_without_answers_and_changes_nothing(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await create_question(session, case, answer="The port does.")
    await create_question(session, case, text="Not answered yet?")
    answer = await alice.post(f"/cases/{case.id}/plans/new", data=MOVE)
    assert answer.status_code == 422
    assert "Answer two questions first, or say why you skip them." in answer.text
    assert MOVE["move"] in answer.text
    assert await list_plans(session, case) == []
    await session.refresh(case)
    assert (case.state, case.version) == (State.INVESTIGATING, 1)


async def test_questions_are_skipped_with_a_reason(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    reason = {"skip_questions_reason": "The board meets tomorrow."}
    assert (await alice.post(f"/cases/{case.id}/plans/new", data=MOVE | reason)).status_code == 303
    await session.refresh(case)
    assert (case.state, case.skip_questions_reason) == (State.CREATING, "The board meets tomorrow.")


async def test_api_asks_for_the_same(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    api = await open_api(BOB)
    refused = await api.post(f"/api/v1/cases/{case.id}/plans", json=MOVE)
    assert (refused.status_code, refused.json()["code"]) == (409, "case_not_ready")
    assert "skip_questions_reason" in refused.json()["errors"]
    body = MOVE | {"skip_questions_reason": "Nobody is at work.", "steps": [{"text": "Call", "owner_id": str(BOB.id)}]}
    made = await api.post(f"/api/v1/cases/{case.id}/plans", json=body)
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == '"1"'
    assert (made.json()["letter"], made.json()["author"]["id"]) == ("A", str(BOB.id))
    listed = await api.get(f"/api/v1/cases/{case.id}/plans")
    assert listed.json() == {"items": [made.json()], "next_cursor": None}


async def test_program_for_itself_cannot_propose(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session, state=State.CREATING, visibility=Visibility.EVERYONE)
    api = await open_api(ALICE, "cases:read", "cases:write", act_as=False)
    assert (await api.post(f"/api/v1/cases/{case.id}/plans", json=MOVE)).status_code == 403
    reader = await open_api(ALICE, "cases:read", "act-as")
    assert (await reader.post(f"/api/v1/cases/{case.id}/plans", json=MOVE)).status_code == 403


async def test_nobody_else_sees_a_plan(
    session: AsyncSession, charlie: httpx.AsyncClient, dora: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session, state=State.CREATING)
    plan = await create_plan(session, case)
    for client in (charlie, dora):
        assert (await client.get(f"/cases/{case.id}/plans/new")).status_code == 404
        assert (await client.post(f"/cases/{case.id}/plans/new", data=MOVE)).status_code == 404
        assert (await client.get(f"/cases/{case.id}/plans/{plan.id}/edit")).status_code == 404
        assert (await client.post(f"/cases/{case.id}/plans/{plan.id}/edit", data=MOVE)).status_code == 404
    for person in (CHARLIE, DORA):
        api = await open_api(person)
        assert (await api.get(f"/api/v1/cases/{case.id}/plans")).status_code == 404
        assert (await api.post(f"/api/v1/cases/{case.id}/plans", json=MOVE)).status_code == 404
        headers = {"If-Match": '"1"'}
        assert (
            await api.patch(f"/api/v1/cases/{case.id}/plans/{plan.id}", json=MOVE, headers=headers)
        ).status_code == 404


async def test_plan_of_another_case_is_not_found(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session, state=State.CREATING)
    other = await create_case(session, state=State.CREATING)
    plan = await create_plan(session, other)
    assert (await alice.get(f"/cases/{case.id}/plans/{plan.id}/edit")).status_code == 404


@pytest.mark.parametrize("state", [State.DRAFT, State.RESOLVED, State.WITHDRAWN])
async def test_closed_case_takes_no_plan(session: AsyncSession, alice: httpx.AsyncClient, state: State) -> None:
    case = await create_case(session, state=state)
    assert (await alice.get(f"/cases/{case.id}/plans/new")).status_code == 409
    assert (await alice.post(f"/cases/{case.id}/plans/new", data=MOVE)).status_code == 409
    assert await list_plans(session, case) == []


async def test_seventh_plan_is_refused(session: AsyncSession, alice: httpx.AsyncClient, open_api: OpenApi) -> None:
    case = await create_case(session, state=State.CREATING)
    for letter in "ABCDEF":
        await create_plan(session, case, letter)
    assert (await alice.get(f"/cases/{case.id}/plans/new")).status_code == 409
    api = await open_api(ALICE)
    refused = await api.post(f"/api/v1/cases/{case.id}/plans", json=MOVE)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_plans")


async def test_limits_of_a_plan(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session, state=State.CREATING)
    api = await open_api(ALICE)
    for broken in (
        {},
        {"move": ""},
        {"move": "x" * 2001},
        {"move": "bell \x07"},
        MOVE | {"effort": "huge"},
        MOVE | {"switch_on": "soon"},
        MOVE | {"steps": [{"text": "step"}] * 21},
        MOVE | {"steps": [{"text": "x" * 501}]},
        MOVE | {"steps": [{"text": "two\nlines"}]},
        MOVE | {"steps": [{"text": "Call", "owner_id": str(DORA.id)}]},
        MOVE | {"letter": "Q"},
        MOVE | {"basis_practice_id": str(case.id)},
    ):
        answer = await api.post(f"/api/v1/cases/{case.id}/plans", json=broken)
        assert answer.status_code == 422, broken
        assert answer.json()["errors"], broken
    assert await list_plans(session, case) == []


async def test_more_rows_keep_what_was_typed(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session, state=State.CREATING)
    steps = STEPS | {"step_text": ["Fetch her sheet", "", ""]}
    answer = await alice.post(f"/cases/{case.id}/plans/new", data=steps | {"move": "", "more": "true"})
    assert answer.status_code == 200
    assert answer.text.count('name="step_text"') == 6
    assert "Fetch her sheet" in answer.text
    assert await list_plans(session, case) == []


async def test_row_with_an_owner_but_no_step_is_pointed_at(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session, state=State.CREATING)
    answer = await alice.post(f"/cases/{case.id}/plans/new", data=MOVE | STEPS | {"step_text": ["Fetch", "", ""]})
    assert answer.status_code == 422
    assert "Say what the step is." in answer.text
    assert await list_plans(session, case) == []


async def test_plan_is_shown_escaped(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session, state=State.CREATING)
    script = "<script>alert(1)</script>"
    texts = ("move", "positioning", "good_customer", "bad_customer", "good_us", "bad_us", "switch_rule")
    data = dict.fromkeys(texts, script) | {"step_text": [script], "step_id": "", "step_owner": "", "step_due": ""}
    assert (await alice.post(f"/cases/{case.id}/plans/new", data=data)).status_code == 303
    [plan] = await list_plans(session, case)
    for path in (
        f"/cases/{case.id}",
        f"/cases/{case.id}/plans/{plan.id}/edit",
        f"/cases/{case.id}/plans/{plan.id}/choose",
    ):
        page = await alice.get(path)
        assert page.status_code == 200
        assert script not in page.text
        assert "&lt;script&gt;" in page.text


async def test_plan_is_edited_by_its_author_and_the_owner(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.CREATING)
    plan = await create_plan(session, case, by=MONA)
    path = f"/cases/{case.id}/plans/{plan.id}/edit"
    assert (await bob.get(path)).status_code == 403
    assert (await bob.post(path, data=MOVE | {"version": "1"})).status_code == 403
    assert (await mona.post(path, data=MOVE | {"version": "1"})).status_code == 303
    assert (await alice.post(path, data={"move": "Call her instead.", "version": "2"})).status_code == 303
    [saved] = await list_plans(session, case)
    assert (saved.move, saved.version, saved.updated_by_id) == ("Call her instead.", 3, ALICE.id)


async def test_stale_edit_shows_both_texts(
    session: AsyncSession, alice: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.CREATING)
    plan = await create_plan(session, case, by=MONA)
    path = f"/cases/{case.id}/plans/{plan.id}/edit"
    await mona.post(path, data={"move": "What Mona wrote.", "version": "1"})
    stale = await alice.post(path, data={"move": "What Alice wrote.", "version": "1"})
    assert stale.status_code == 412
    assert "What Alice wrote." in stale.text
    assert "What Mona wrote." in stale.text
    assert f"Saved meanwhile by {MONA.name}:" in stale.text
    assert 'name="version" value="2"' in stale.text
    assert (await list_plans(session, case))[0].move == "What Mona wrote."
    assert (await alice.post(path, data={"move": "What Alice wrote.", "version": "2"})).status_code == 303


async def test_patch_needs_the_version_and_leaves_the_rest(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session, state=State.CREATING)
    plan = await create_plan(session, case, by=BOB, steps=("Fetch her sheet", "Call"), good_us="An owner who signs.")
    fetch, call = await list_steps(session, plan)
    call.done_at = NOW
    await session.flush()
    api = await open_api(BOB)
    path = f"/api/v1/cases/{case.id}/plans/{plan.id}"
    assert (await api.patch(path, json={"effort": "large"})).status_code == 428
    assert (await api.patch(path, json={"effort": "large"}, headers={"If-Match": '"7"'})).status_code == 412
    steps = [{"id": str(call.id), "text": "Call before lunch"}, {"text": "Send the page"}]
    changed = await api.patch(path, json={"effort": "large", "steps": steps}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"2"'
    plan_read = changed.json()
    assert (plan_read["effort"], plan_read["good_us"], plan_read["move"]) == ("large", "An owner who signs.", plan.move)
    assert [(step["text"], step["done_at"] is not None) for step in plan_read["steps"]] == [
        ("Call before lunch", True),
        ("Send the page", False),
    ]
    assert fetch.id not in {step.id for step in await list_steps(session, plan)}


async def test_form_is_filled_from_the_address(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session, state=State.CREATING)
    solved = await create_resolved_case(session)
    page = await bob.get(f"/cases/{case.id}/plans/new", params={"move": "Invite her", "positioning": "Come and see"})
    assert "Invite her" in page.text
    assert "Come and see" in page.text
    page = await bob.get(f"/cases/{case.id}/plans/new", params={"basis": str(solved.id)})
    assert "Plan A: call the operations manager." in page.text
    assert f'name="basis_case_id" value="{solved.id}"' in page.text


async def test_basis_that_may_not_be_seen_is_refused(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session, state=State.CREATING)
    hidden = await create_resolved_case(session, owner=CHARLIE)
    foreign = await create_case(session, owner=DORA, visibility=Visibility.EVERYONE)
    api = await open_api(BOB)
    for basis in (hidden, foreign):
        answer = await api.post(f"/api/v1/cases/{case.id}/plans", json=MOVE | {"basis_case_id": str(basis.id)})
        assert answer.status_code == 422
    assert await list_plans(session, case) == []


async def test_plan_starts_only_from_a_practice_its_author_may_see(session: AsyncSession, open_api: OpenApi) -> None:
    shared = await create_resolved_case(session, visibility=Visibility.RESTRICTED)
    practice = await create_practice(session, shared, audience=Audience.TEAM)
    case = await create_case(session, state=State.CREATING, visibility=Visibility.EVERYONE)
    path, body = f"/api/v1/cases/{case.id}/plans", MOVE | {"basis_practice_id": str(practice.id)}
    hidden = await (await open_api(CHARLIE)).post(path, json=body)
    assert hidden.status_code == 422
    assert list(hidden.json()["errors"]) == ["basis_practice_id"]
    bob = await open_api(BOB)
    assert (await bob.post(path, json=body)).status_code == 201
    shared.state = State.INVESTIGATING
    await session.flush()
    assert (await bob.post(path, json=body)).status_code == 422
