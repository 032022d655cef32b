"""“We tried that before”: the earlier case is named, and held against the present one."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CodeKind, Objection, Plan, Visibility
from app.cases.workflow import State
from app.similar.earlier.comparing import Attribute, Likeness, Situation, compare, list_values
from tests.conftest import OpenApi, SignIn
from tests.factories import (
    NOW,
    create_case,
    create_hat,
    create_plan,
    create_practice,
    create_resolved_case,
    find_code,
)
from tests.similar.conftest import EVERYONE, STORIES, Index
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, MONA, Person

KEYS = st.sampled_from(["silent", "champion_left", "price_or_return"])
WORDS = st.sampled_from(["", "Call her.", "call HER", "Call her on Monday.", "Send the figures."])
SITUATIONS = st.builds(
    Situation,
    obstacles=st.frozensets(KEYS),
    stage=st.one_of(st.none(), KEYS),
    industry=st.one_of(st.none(), KEYS),
    product=st.sampled_from(["", "Rutekart", " rutekart", "Portvakt"]),
    amount=st.one_of(st.none(), st.decimals(0, 1_000_000, places=2)),
    currency=st.sampled_from(["", "NOK", "SEK"]),
    move=WORDS,
    outcome=st.one_of(st.none(), KEYS),
    on=st.one_of(st.none(), st.dates()),
)


@given(SITUATIONS)
def test_a_situation_is_like_itself(situation: Situation) -> None:
    likeness = compare(situation, situation)
    assert list(likeness) == list(Attribute)
    for attribute, how in likeness.items():
        assert how is (Likeness.SAME if list_values(situation, attribute) else Likeness.UNKNOWN)


@given(SITUATIONS, SITUATIONS)
def test_then_and_now_may_change_places(one: Situation, other: Situation) -> None:
    assert compare(one, other) == compare(other, one)


@given(SITUATIONS, SITUATIONS)
def test_what_is_not_told_is_not_compared(one: Situation, other: Situation) -> None:
    for attribute, how in compare(one, other).items():
        silent = not list_values(one, attribute) or not list_values(other, attribute)
        assert how is Likeness.UNKNOWN if silent else attribute is Attribute.AMOUNT or how is not Likeness.UNKNOWN


@pytest.mark.parametrize(
    ("attribute", "then", "now", "likeness"),
    [
        ("obstacles", {"silent"}, {"silent", "champion_left"}, "partly"),
        ("obstacles", {"silent"}, {"champion_left"}, "different"),
        ("product", "Rutekart", "rutekart ", "same"),
        ("move", "Call the buyer on Monday", "Call the buyer on Friday", "partly"),
        ("move", "Call the buyer", "Send all the figures by post", "different"),
        ("amount", Decimal(100), Decimal(81), "partly"),
        ("amount", Decimal(100), Decimal(79), "different"),
        ("on", date(2026, 1, 1), date(2026, 1, 31), "same"),
        ("on", date(2025, 1, 1), date(2026, 1, 1), "different"),
    ],
)
def test_how_alike(attribute: str, then: Any, now: Any, likeness: str) -> None:
    values: list[Any] = [frozenset(value) if isinstance(value, set) else value for value in (then, now)]
    compared = compare(*(replace(Situation(), **{attribute: value}) for value in values))
    assert compared[Attribute("when" if attribute == "on" else attribute)] == likeness


def test_amounts_in_two_currencies_are_not_compared() -> None:
    then, now = Situation(amount=Decimal(1), currency="NOK"), Situation(amount=Decimal(1), currency="SEK")
    assert compare(then, now)[Attribute.AMOUNT] is Likeness.UNKNOWN


@pytest.fixture
async def case(session: AsyncSession) -> Case:
    deal = {"amount": Decimal(480_000), "currency": "NOK"}
    return await create_case(
        session, state=State.CREATING, visibility=EVERYONE, product="Rutekart", deal=deal, **STORIES["left_nb"]
    )


@pytest.fixture
async def plan(session: AsyncSession, case: Case) -> Plan:
    return await create_plan(session, case, move="Gå til etterfølgeren med et møte på en halv time.")


async def create_objection(
    session: AsyncSession, plan: Plan, by: Person = BOB, kind: str = "tried_before"
) -> Objection:
    objection = Objection(
        organisation_id=plan.organisation_id,
        plan_id=plan.id,
        kind_id=(await find_code(session, CodeKind.OBJECTION, kind)).id,
        text="Det prøvde vi i fjor.",
        raised_by_id=by.id,
        raised_at=NOW,
    )
    session.add(objection)
    await session.flush()
    return objection


@pytest.fixture
async def objection(session: AsyncSession, plan: Plan) -> Objection:
    return await create_objection(session, plan)


@pytest.fixture
async def earlier(session: AsyncSession) -> Case:
    deal = {"amount": Decimal(450_000), "currency": "NOK"}
    story = STORIES["left_sv"] | {"obstacles": ("champion_left", "silent")}
    return await create_resolved_case(
        session, outcome="lost_no_decision", visibility=EVERYONE, product="Portvakt", deal=deal, **story
    )


def address(case: Case, plan: Plan, objection: Objection) -> str:
    return f"/cases/{case.id}/plans/{plan.id}/objections/{objection.id}/earlier-case"


@pytest.fixture
def path(case: Case, plan: Plan, objection: Objection) -> str:
    return address(case, plan, objection)


async def name_case(client: httpx.AsyncClient, path: str, case: Case | None) -> httpx.Response:
    return await client.post(f"/api/v1{path}", json={"case_id": str(case.id) if case else None})


async def test_the_api_tells_what_is_the_same_and_what_is_different(
    path: str, earlier: Case, full: FastAPI, open_api: OpenApi
) -> None:
    bob = await open_api(BOB)
    empty = (await bob.get(f"/api/v1{path}")).json()
    assert (empty["case_id"], empty["attributes"]) == (None, [])
    named = await name_case(bob, path, earlier)
    assert named.status_code == 200, named.text
    assert (await bob.get(f"/api/v1{path}")).json() == named.json()
    assert (named.json()["case_id"], named.json()["title"]) == (str(earlier.id), earlier.title)
    compared = {row["attribute"]: row for row in named.json()["attributes"]}
    assert {name: row["likeness"] for name, row in compared.items()} == {
        "obstacles": "partly",
        "stage": "unknown",
        "industry": "unknown",
        "product": "different",
        "amount": "partly",
        "move": "different",
        "outcome": "unknown",
        "when": "same",
    }
    assert compared["obstacles"]["then"] == ["champion_left", "silent"]
    assert (compared["amount"]["then"], compared["amount"]["now"]) == (["450000.00 NOK"], ["480000.00 NOK"])
    assert (compared["outcome"]["then"], compared["outcome"]["now"]) == (["lost_no_decision"], [])
    assert compared["move"]["then"] == ["Plan A: call the operations manager."]
    taken_back = await name_case(bob, path, None)
    assert taken_back.json()["case_id"] is None


async def test_who_logged_it_and_the_owner_name_the_case(
    path: str, case: Case, plan: Plan, earlier: Case, full: FastAPI, open_api: OpenApi
) -> None:
    for person, status in ((BOB, 200), (ALICE, 200), (MONA, 403), (CHARLIE, 403), (DORA, 404)):
        assert (await name_case(await open_api(person), path, earlier)).status_code == status, person
    plans = (await (await open_api(MONA)).get(f"/api/v1/cases/{case.id}/plans")).json()
    assert plans["items"][0]["objections"][0]["earlier_case_id"] == str(earlier.id)


async def test_only_a_case_that_one_may_see_and_not_the_same_one(
    session: AsyncSession, path: str, case: Case, full: FastAPI, open_api: OpenApi
) -> None:
    hidden = await create_resolved_case(session, visibility=Visibility.RESTRICTED)
    draft = await create_case(session, state=State.DRAFT, owner=BOB)
    foreign = await create_case(session, owner=DORA, visibility=EVERYONE, obstacles=())
    bob = await open_api(BOB)
    for unfit in (hidden, draft, foreign, case):
        refused = await name_case(bob, path, unfit)
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["case_id"]), unfit.title


async def test_an_objection_of_another_kind_and_a_closed_case_name_none(
    session: AsyncSession, path: str, case: Case, plan: Plan, earlier: Case, full: FastAPI, open_api: OpenApi
) -> None:
    bob = await open_api(BOB)
    other = await create_objection(session, plan, kind="unrealistic")
    refused = await name_case(bob, address(case, plan, other), earlier)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_tried_before")
    case.state = State.RESOLVED
    await session.flush()
    late = await name_case(bob, path, earlier)
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")


async def test_a_case_one_may_not_see_is_nowhere_named(
    session: AsyncSession,
    path: str,
    case: Case,
    plan: Plan,
    objection: Objection,
    full: FastAPI,
    open_api: OpenApi,
    sign_in: SignIn,
) -> None:
    hidden = await create_resolved_case(session, visibility=Visibility.RESTRICTED, title="Kept among few")
    await create_hat(session, hidden, BOB)
    assert (await name_case(await open_api(BOB), path, hidden)).status_code == 200
    assert "Kept among few" in (await (await sign_in(BOB)).get(f"/cases/{case.id}")).text
    for person in (CHARLIE, ADAM):
        browser, api = await sign_in(person), await open_api(person)
        for page in (path, f"/cases/{case.id}"):
            text = (await browser.get(page)).text
            assert "Kept among few" not in text
            assert str(hidden.id) not in text
        assert (await api.get(f"/api/v1{path}")).json()["case_id"] is None
        assert str(hidden.id) not in (await api.get(f"/api/v1/cases/{case.id}/plans")).text
        answered = await api.post(f"/api/v1{path.removesuffix('earlier-case')}answer", json={"answer": "Not so."})
        assert answered.status_code in {200, 409}
        assert str(hidden.id) not in answered.text


async def test_cases_like_the_plan_are_suggested_and_others_searched_for(
    session: AsyncSession, path: str, case: Case, earlier: Case, full: FastAPI, open_api: OpenApi, index: Index
) -> None:
    lawyers = await create_case(session, visibility=EVERYONE, **STORIES["legal_en"])
    hidden = await create_resolved_case(session, visibility=Visibility.TEAM, **STORIES["left_sv"])
    await create_practice(session, hidden, when_to_use=STORIES["left_sv"]["situation"])
    await index(case, earlier, lawyers, hidden)

    async def suggest(person: Person, **asked: str) -> list[str]:
        response = await (await open_api(person)).get(f"/api/v1{path}/suggestions", params=asked)
        assert response.status_code == 200, response.text
        return [item["id"] for item in response.json()["items"]]

    assert set(await suggest(BOB)) == {str(earlier.id), str(hidden.id)}
    assert await suggest(CHARLIE) == [str(earlier.id)]
    assert await suggest(BOB, q="unlimited liability clause") == [str(lawyers.id)]
    assert str(case.id) not in await suggest(BOB, q="etterfølgeren hos grossisten")
    assert (await (await open_api(DORA)).get(f"/api/v1{path}/suggestions")).status_code == 404


async def test_the_page_leads_from_the_question_to_the_comparison(
    path: str, case: Case, earlier: Case, full: FastAPI, sign_in: SignIn, index: Index
) -> None:
    await index(case, earlier)
    bob = await sign_in(BOB)
    assert "Which case was that?" in (await bob.get(f"/cases/{case.id}")).text
    asked = (await bob.get(path)).text
    assert f'type="radio" name="case_id" value="{earlier.id}"' in asked
    unchosen = await bob.post(path, data={})
    assert (unchosen.status_code, "Choose one of the options." in unchosen.text) == (422, True)
    named = await bob.post(path, data={"case_id": str(earlier.id)})
    assert (named.status_code, named.headers["location"]) == (303, path)
    compared = (await bob.get(path)).text
    assert earlier.title in compared
    for words in ("Different now:", "Partly the same", "Rutekart", "Portvakt", "NOK", "Not known yet", "Not given"):
        assert words in compared, words
    page = (await (await sign_in(CHARLIE)).get(f"/cases/{case.id}")).text
    assert f'href="{path}">What is different now</a>' in page
    reader = (await (await sign_in(CHARLIE)).get(path)).text
    assert "Different now:" in reader
    assert 'name="case_id"' not in reader
    assert (await bob.post(path, data={"remove": "true"})).status_code == 303
    assert "Which case was that?" in (await bob.get(path)).text


async def test_a_search_on_the_page_keeps_what_was_typed(
    path: str, case: Case, earlier: Case, full: FastAPI, sign_in: SignIn, index: Index
) -> None:
    await index(case, earlier)
    bob = await sign_in(BOB)
    found = (await bob.get(path, params={"q": "förespråkare bytte jobb"})).text
    assert 'value="förespråkare bytte jobb"' in found
    assert earlier.title in found
    nothing = (await bob.get(path, params={"q": "banana bread recipe"})).text
    assert "Try other words" in nothing
    long = await bob.get(path, params={"q": "x" * 9_000})
    assert (long.status_code, "field-error" in long.text) == (422, True)
    unfit = await bob.post(path, data={"case_id": "no-such-case", "q": "förespråkare"})
    assert (unfit.status_code, earlier.title in unfit.text) == (422, True)


async def test_a_reader_finds_no_form(path: str, full: FastAPI, sign_in: SignIn) -> None:
    page = (await (await sign_in(CHARLIE)).get(path)).text
    assert "No earlier case that you can see" in page
    assert "<form class=" not in page.split('id="main"')[-1]
    assert (await (await sign_in(CHARLIE)).post(path, data={"remove": "true"})).status_code == 403
    assert (await (await sign_in(DORA)).get(path)).status_code == 404
