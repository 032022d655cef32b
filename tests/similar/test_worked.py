"""What worked in cases like one: counted honestly, and only of what the viewer may see."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CaseMove, Plan, Visibility
from app.cases.workflow import State
from app.practices.models import PracticeUse, Trust, UseResult
from app.similar.worked.counting import FEWEST_FOR_SHARE, Result, Tally, Try, count_tries, judge
from tests.conftest import OpenApi, SignIn
from tests.factories import NOW, create_case, create_plan, create_practice, create_resolved_case
from tests.similar.conftest import EVERYONE, STORIES, Index
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA, Person

IDS = [UUID(int=number) for number in range(1, 6)]
TRIES = st.lists(st.builds(Try, st.sampled_from(IDS), st.sampled_from([True, False, None])), max_size=20)


@given(TRIES)
def test_a_case_counts_once_and_what_worked_was_tried(tries: list[Try]) -> None:
    tally = count_tries(tries)
    assert 0 <= tally.worked <= tally.tried <= len(IDS)
    assert tally.tried == len({attempt.on for attempt in tries if attempt.worked is not None})
    assert tally.worked == len({attempt.on for attempt in tries if attempt.worked})


@given(TRIES, st.randoms())
def test_neither_order_nor_repetition_counts(tries: list[Try], random: Any) -> None:
    shuffled = [*tries, *tries]
    random.shuffle(shuffled)
    assert count_tries(shuffled) == count_tries(tries)


@given(TRIES, TRIES)
def test_further_tries_take_nothing_away(some: list[Try], more: list[Try]) -> None:
    before, after = count_tries(some), count_tries([*some, *more])
    assert (after.tried >= before.tried, after.worked >= before.worked) == (True, True)


@given(st.integers(0, 100), st.integers(0, 100))
def test_no_share_of_few(tried: int, others: int) -> None:
    tally = Tally(tried, min(tried, others))
    if tried < FEWEST_FOR_SHARE:
        assert tally.share is None
    else:
        assert tally.share is not None
        assert 0 <= tally.share <= 1


@given(st.one_of(st.none(), st.text(max_size=5)), st.booleans())
def test_an_outcome_nobody_knows_is_no_result(outcome: str | None, named: bool) -> None:  # noqa: FBT001 - drawn.
    assert judge(outcome, used=True, named=named) is Result.UNKNOWN
    assert judge(outcome, used=False, named=named) is Result.LEFT


@pytest.mark.parametrize(
    ("outcome", "named", "result"),
    [
        ("won_a", True, Result.WORKED),
        ("won_b", True, Result.WORKED),
        ("won_other", True, Result.WORKED),
        ("won_other", False, Result.FAILED),
        ("lost_competitor", True, Result.FAILED),
        ("lost_no_decision", False, Result.FAILED),
        ("withdrawn_by_us", True, Result.FAILED),
        ("unknown", True, Result.UNKNOWN),
    ],
)
def test_how_a_plan_went(outcome: str, named: bool, result: Result) -> None:  # noqa: FBT001 - a row of a table.
    assert judge(outcome, used=True, named=named) is result


STUCK = STORIES["left_nb"]
LIKE = STORIES["left_sv"]


@pytest.fixture
async def case(session: AsyncSession) -> Case:
    return await create_case(session, state=State.CREATING, visibility=EVERYONE, **STUCK)


async def read(client: httpx.AsyncClient, case: Case) -> list[dict[str, Any]]:
    response = await client.get(f"/api/v1/cases/{case.id}/what-worked")
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


@pytest.fixture
async def bob(full: FastAPI, open_api: OpenApi) -> httpx.AsyncClient:
    return await open_api(BOB)


async def repeat(session: AsyncSession, *, outcome: str = "won_a", **basis: Any) -> Case:
    """A case that ended with a plan that was started from another case, or from a practice."""
    hidden = basis.pop("visibility", EVERYONE)
    case = await create_resolved_case(session, outcome=outcome, visibility=hidden, title="Something else", owner=MONA)
    plan = await session.get(Plan, (case.organisation_id, case.outcome_plan_id))
    assert plan is not None
    for name, value in basis.items():
        setattr(plan, name, value)
    await session.flush()
    return case


async def test_what_was_done_in_a_like_case_and_how_it_went(
    session: AsyncSession, case: Case, bob: httpx.AsyncClient, index: Index
) -> None:
    won = await create_resolved_case(session, visibility=EVERYONE, **LIKE)
    lost = await create_resolved_case(session, outcome="lost_competitor", visibility=EVERYONE, **STUCK)
    await index(case, won, lost)
    moves = {move["id"]: move for move in await read(bob, case)}
    assert (moves[str(won.id)]["result"], moves[str(won.id)]["outcome"]) == ("worked", "won_a")
    assert (moves[str(won.id)]["tried"], moves[str(won.id)]["worked"], moves[str(won.id)]["share"]) == (1, 1, None)
    assert (moves[str(lost.id)]["result"], moves[str(lost.id)]["worked"]) == ("failed", 0)
    assert moves[str(won.id)]["move"] == "Plan A: call the operations manager."
    assert moves[str(won.id)]["basis_case_id"] == str(won.id)
    assert moves[str(won.id)]["url"] == f"/cases/{won.id}#plan-A"
    assert str(case.id) not in moves


async def test_a_plan_that_was_given_up_is_told_apart(
    session: AsyncSession, case: Case, bob: httpx.AsyncClient, index: Index
) -> None:
    won = await create_resolved_case(session, outcome="won_b", visibility=EVERYONE, **LIKE)
    plan_b = await create_plan(session, won, "C", move="Ask the successor to lunch.")
    won.chosen_plan_id = won.outcome_plan_id = plan_b.id
    for note in ("A: The quickest.", "C: She answers no mail."):
        session.add(
            CaseMove(
                organisation_id=won.organisation_id,
                case_id=won.id,
                from_state=State.CREATING,
                to_state=State.TRYING,
                user_id=ALICE.id,
                at=NOW,
                note=note,
            )
        )
    await index(case, won)
    moves = await read(bob, case)
    assert [(move["letter"], move["result"]) for move in moves] == [("C", "worked"), ("A", "left")]
    assert [move["basis_case_id"] for move in moves] == [str(won.id), None]


async def test_what_started_from_a_case_counts_where_it_may_be_seen(
    session: AsyncSession, case: Case, bob: httpx.AsyncClient, open_api: OpenApi, index: Index
) -> None:
    won = await create_resolved_case(session, visibility=EVERYONE, **LIKE)
    await repeat(session, basis_case_id=won.id)
    await repeat(session, basis_case_id=won.id, outcome="lost_competitor")
    await repeat(session, basis_case_id=won.id, outcome="unknown")
    await repeat(session, basis_case_id=won.id, visibility=Visibility.RESTRICTED)
    await index(case, won)
    [move] = await read(bob, case)
    assert (move["tried"], move["worked"], move["share"]) == (3, 2, None)
    [of_owner] = await read(await open_api(MONA), case)
    assert (of_owner["tried"], of_owner["worked"]) == (4, 3)


async def test_a_share_is_told_from_five_on(
    session: AsyncSession, case: Case, bob: httpx.AsyncClient, sign_in: SignIn, index: Index
) -> None:
    won = await create_resolved_case(session, visibility=EVERYONE, **LIKE)
    for outcome in ("won_a", "won_a", "lost_competitor"):
        await repeat(session, basis_case_id=won.id, outcome=outcome)
    await index(case, won)
    browser = await sign_in(BOB)
    page = (await browser.get(f"/cases/{case.id}/what-worked")).text
    assert "Tried by 4, worked for 3" in page
    assert "%)" not in page
    await repeat(session, basis_case_id=won.id)
    [move] = await read(bob, case)
    assert (move["tried"], move["worked"], move["share"]) == (5, 4, 0.8)
    assert "Tried by 5, worked for 4 (80 %)" in (await browser.get(f"/cases/{case.id}/what-worked")).text


async def test_a_practice_tells_its_move_and_counts_its_uses(
    session: AsyncSession, case: Case, full: FastAPI, open_api: OpenApi, index: Index
) -> None:
    """Charlie sees the practice and not the case behind it."""
    hidden = await create_resolved_case(session, visibility=Visibility.TEAM, **LIKE)
    practice = await create_practice(session, hidden, when_to_use=LIKE["situation"], language="sv")
    organisation = {"organisation_id": practice.organisation_id, "practice_id": practice.id}
    used = await repeat(session, basis_practice_id=practice.id, outcome="lost_competitor")
    session.add_all(
        [
            PracticeUse(**organisation, user_id=BOB.id, result=UseResult.WORKED),
            PracticeUse(**organisation, user_id=MONA.id, result=UseResult.NOT, case_id=used.id),
            PracticeUse(**organisation, user_id=CHARLIE.id, result=None),
        ]
    )
    await index(case, hidden)
    [move] = await read(await open_api(CHARLIE), case)
    assert (move["kind"], move["id"], move["url"]) == ("practice", str(practice.id), f"/practices/{practice.id}")
    assert (move["move"], move["positioning"]) == (practice.what_to_do, practice.what_to_say)
    assert (move["tried"], move["worked"]) == (3, 2)
    assert (move["basis_practice_id"], move["basis_case_id"]) == (str(practice.id), None)
    assert str(hidden.id) not in str(move)
    practice.trust = Trust.OBSOLETE
    await index(hidden)
    assert await read(await open_api(CHARLIE), case) == []


async def test_what_was_learned_from_a_failure_did_not_fail_itself(
    session: AsyncSession, case: Case, bob: httpx.AsyncClient, index: Index
) -> None:
    lost = await create_resolved_case(session, outcome="lost_competitor", visibility=EVERYONE, **LIKE)
    practice = await create_practice(session, lost, when_to_use=LIKE["situation"], language="sv")
    await repeat(session, basis_practice_id=practice.id)
    await repeat(session, basis_case_id=lost.id, outcome="lost_no_decision")
    await index(case, lost)
    lesson, failed = await read(bob, case)
    assert (lesson["result"], lesson["move"], lesson["id"]) == ("lesson", practice.what_to_do, str(practice.id))
    assert (lesson["tried"], lesson["worked"]) == (1, 1)
    assert (failed["result"], failed["letter"], failed["id"]) == ("failed", "A", str(lost.id))
    assert (failed["tried"], failed["worked"]) == (2, 0)


@pytest.mark.parametrize("visibility", [Visibility.RESTRICTED, Visibility.TEAM])
async def test_a_case_one_may_not_see_is_not_there(
    session: AsyncSession, case: Case, full: FastAPI, open_api: OpenApi, index: Index, visibility: Visibility
) -> None:
    hidden = await create_resolved_case(session, visibility=visibility, **LIKE)
    await index(case, hidden)
    assert len(await read(await open_api(ALICE), case)) == 1
    assert await read(await open_api(CHARLIE), case) == []
    dora = await open_api(DORA)
    assert (await dora.get(f"/api/v1/cases/{case.id}/what-worked")).status_code == 404


async def browse(sign_in: SignIn, person: Person, case: Case, **headers: str) -> str:
    response = await (await sign_in(person)).get(f"/cases/{case.id}/what-worked", headers=headers)
    assert response.status_code == 200
    return response.text


async def test_a_plan_starts_from_a_move(
    session: AsyncSession, case: Case, full: FastAPI, sign_in: SignIn, index: Index
) -> None:
    won = await create_resolved_case(session, visibility=EVERYONE, **LIKE)
    plan = await session.get(Plan, (won.organisation_id, won.outcome_plan_id))
    assert plan is not None
    plan.positioning = "She left you a plan."
    await index(case, won)
    page = await browse(sign_in, BOB, case)
    start = f"/cases/{case.id}/plans/new?basis={won.id}"
    assert f'href="{start}"' in page
    assert f'href="/cases/{won.id}#plan-A"' in page
    assert "Worked" in page
    form = (await (await sign_in(BOB)).get(start)).text
    assert plan.move in form
    assert "She left you a plan." in form
    assert f'name="basis_case_id" value="{won.id}"' in form
    part = await browse(sign_in, BOB, case, **{"HX-Request": "true"})
    assert "<html" not in part
    assert start in part


async def test_a_plan_starts_from_a_practice_on_a_colleagues_case(
    session: AsyncSession, case: Case, full: FastAPI, sign_in: SignIn, index: Index
) -> None:
    shared = await create_resolved_case(session, visibility=EVERYONE, **LIKE)
    practice = await create_practice(session, shared, when_to_use=LIKE["situation"], language="sv")
    await index(case, shared)
    page = await browse(sign_in, BOB, case)
    assert f"/cases/{case.id}/plans/new?practice={practice.id}&amp;move=Invite" in page


async def test_no_plan_starts_where_none_can_be_made(
    session: AsyncSession, case: Case, full: FastAPI, sign_in: SignIn, index: Index
) -> None:
    won = await create_resolved_case(session, visibility=EVERYONE, **LIKE)
    await index(case, won)
    for letter in "ABCDEF":
        await create_plan(session, case, letter)
    page = await browse(sign_in, BOB, case)
    assert "Plan A: call" in page
    assert "Start a plan from this" not in page


async def test_where_nothing_is_like_it_the_page_teaches(case: Case, full: FastAPI, sign_in: SignIn) -> None:
    page = await browse(sign_in, BOB, case)
    assert "Nothing like it has ended yet" in page
    assert f'href="/cases/{case.id}/similar"' in page


async def test_it_stands_where_plans_are_made(session: AsyncSession, case: Case, sign_in: SignIn) -> None:
    alice = await sign_in(ALICE)
    address = f'href="/cases/{case.id}/what-worked"'
    assert address in (await alice.get(f"/cases/{case.id}")).text
    assert address in (await alice.get(f"/cases/{case.id}/plans/new")).text
    plan = await create_plan(session, case)
    assert address in (await alice.get(f"/cases/{case.id}/plans/{plan.id}/edit")).text
    case.state = State.INVESTIGATING
    await session.flush()
    assert address not in (await alice.get(f"/cases/{case.id}")).text


async def test_without_a_model_words_and_codes_answer(
    session: AsyncSession, case: Case, app: FastAPI, sign_in: SignIn, index: Index
) -> None:
    won = await create_resolved_case(session, visibility=EVERYONE, **STUCK)
    await index(case, won, model=False)
    page = await browse(sign_in, BOB, case)
    assert "still loading" in page
    assert "Plan A: call" in page


async def test_what_was_written_is_not_run(
    session: AsyncSession, case: Case, full: FastAPI, sign_in: SignIn, index: Index
) -> None:
    won = await create_resolved_case(session, visibility=EVERYONE, **LIKE | {"title": "<b>Left</b> mitt i affären"})
    plan = await session.get(Plan, (won.organisation_id, won.outcome_plan_id))
    assert plan is not None
    plan.move = "<script>alert(1)</script>"
    await index(case, won)
    page = await browse(sign_in, BOB, case)
    assert "<script>alert" not in page
    assert "&lt;b&gt;Left" in page
