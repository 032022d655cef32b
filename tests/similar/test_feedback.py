from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Visibility
from app.practices.models import PracticeUse, UseResult
from app.similar.models import MatchFeedback
from tests.conftest import OpenApi, SignIn
from tests.factories import create_case, create_practice, create_resolved_case
from tests.similar.conftest import EVERYONE, STORIES, Index
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, LENA, MONA

BLOCK = {"HX-Request": "true"}
SAID = {"reason": "other_obstacle", "words": "They never had a champion."}
QUERY = {"text": "Hun som drev saken hos kunden, har sluttet. Den nye svarer ikke på henvendelser."}

Find = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
async def find(full: FastAPI, cases: dict[str, Case], open_api: OpenApi) -> Find:
    """The story of the champion who left, as Bob's program finds it."""
    api = await open_api(BOB)

    async def find() -> dict[str, Any]:
        answer = (await api.post("/api/v1/similar-cases", json=QUERY)).json()
        found: dict[str, Any] = next(m for m in answer["learn"] if m["title"] == STORIES["left_sv"]["title"])
        return found

    return find


async def read_all(session: AsyncSession) -> list[MatchFeedback]:
    return list(await session.scalars(select(MatchFeedback).order_by(MatchFeedback.id)))


async def test_what_colleagues_say_lowers_the_match_for_the_organisation(
    cases: dict[str, Case], find: Find, open_api: OpenApi
) -> None:
    before = await find()
    assert "feedback" not in before["parts"]
    scores = [before["score"]]
    for person in (ALICE, MONA, CHARLIE):
        api = await open_api(person)
        given = await api.post(f"/api/v1/matches/{before['id']}/feedback", json=SAID)
        assert given.status_code == 201
        assert given.json() | SAID == given.json()
        again = await api.post(f"/api/v1/matches/{before['id']}/feedback", json=SAID | {"reason": "out_of_date"})
        assert again.json()["reason"] == "out_of_date"
        scores.append((await find())["score"])
    assert scores == sorted(set(scores), reverse=True)
    after = await find()
    assert after["score"] == pytest.approx(sum(after["parts"].values()))
    assert after["parts"]["feedback"] == pytest.approx(-0.15 * 3 / 7 * before["score"])
    assert "Did not help 3 colleagues" in after["reasons"]
    assert after["feedback"] is None, "Bob has said nothing"


async def test_one_person_counts_once_whatever_it_was_shown_for(
    cases: dict[str, Case], session: AsyncSession, find: Find, open_api: OpenApi
) -> None:
    match = await find()
    api = await open_api(CHARLIE)
    address = f"/api/v1/matches/{match['id']}/feedback"
    await api.post(address, json=SAID)
    once = (await find())["score"]
    for asking in ("left_nb", "price_nb"):
        assert (await api.post(address, json=SAID | {"asking_case_id": str(cases[asking].id)})).status_code == 201
    assert (await find())["score"] == once
    assert len(await read_all(session)) == 3


async def test_it_is_taken_back_for_the_pair_it_was_said_of(
    cases: dict[str, Case], find: Find, open_api: OpenApi
) -> None:
    match = await find()
    api = await open_api(BOB)
    address, asking = f"/api/v1/matches/{match['id']}/feedback", str(cases["left_nb"].id)
    await api.post(address, json=SAID | {"asking_case_id": asking})
    listed = (await api.get(f"/api/v1/cases/{asking}/similar-cases")).json()["learn"]
    assert {m["title"]: m["feedback"] for m in listed}[match["title"]] == "other_obstacle"
    assert (await find())["feedback"] is None
    assert (await api.delete(address)).status_code == 404
    assert (await api.delete(address, params={"asking_case_id": asking})).status_code == 204
    assert (await api.delete(address, params={"asking_case_id": asking})).status_code == 404
    assert (await find())["score"] == match["score"]


async def test_use_that_worked_outweighs_and_use_in_vain_counts_as_feedback(
    session: AsyncSession, full: FastAPI, index: Index, open_api: OpenApi
) -> None:
    case = await create_resolved_case(session, visibility=EVERYONE, **STORIES["left_sv"])
    practice = await create_practice(session, case, title="Go on with those who stay", language="en")
    await index(case)
    api = await open_api(BOB)

    async def read_part() -> float:
        [match] = (await api.post("/api/v1/similar-cases", json=QUERY)).json()["learn"]
        assert match["id"] == str(practice.id)
        return float(match["parts"].get("feedback", 0))

    async def use(person: Any, result: UseResult) -> None:
        session.add(
            PracticeUse(
                organisation_id=ALICE.organisation_id, practice_id=practice.id, user_id=person.id, result=result
            )
        )
        await session.flush()

    address = f"/api/v1/matches/{practice.id}/feedback"
    await (await open_api(CHARLIE)).post(address, json=SAID)
    one = await read_part()
    await use(CHARLIE, UseResult.NOT)
    assert await read_part() == one, "the same person"
    await use(MONA, UseResult.NOT)
    await use(ADAM, UseResult.PARTLY)
    assert await read_part() < one < 0
    await use(LENA, UseResult.WORKED)
    assert await read_part() == 0
    await use(CHARLIE, UseResult.WORKED)
    await (await open_api(ADAM)).post(address, json=SAID)
    assert await read_part() == 0


async def test_what_one_may_not_see_cannot_be_said_anything_of(session: AsyncSession, open_api: OpenApi) -> None:
    team = await create_resolved_case(session)
    restricted = await create_resolved_case(session, visibility=Visibility.RESTRICTED)
    shared = await create_resolved_case(session)
    practice = await create_practice(session, shared)
    for person, thing in ((CHARLIE, team), (DORA, team), (ADAM, restricted), (CHARLIE, shared), (DORA, practice)):
        api = await open_api(person)
        assert (await api.post(f"/api/v1/matches/{thing.id}/feedback", json=SAID)).status_code == 404
        assert (await api.delete(f"/api/v1/matches/{thing.id}/feedback")).status_code == 404
    api = await open_api(CHARLIE)
    given = await api.post(f"/api/v1/matches/{practice.id}/feedback", json=SAID)
    assert given.status_code == 201
    assert str(shared.id) not in given.text
    hidden = SAID | {"asking_case_id": str(team.id)}
    assert (await api.post(f"/api/v1/matches/{practice.id}/feedback", json=hidden)).status_code == 422
    itself = SAID | {"asking_case_id": str(team.id)}
    assert (await (await open_api(BOB)).post(f"/api/v1/matches/{team.id}/feedback", json=itself)).status_code == 422
    alone = await open_api(BOB, act_as=False)
    assert (await alone.post(f"/api/v1/matches/{practice.id}/feedback", json=SAID)).status_code == 403


async def test_on_the_page_it_is_said_and_taken_back_without_a_script(
    session: AsyncSession, cases: dict[str, Case], full: FastAPI, sign_in: SignIn
) -> None:
    bob = await sign_in(BOB)
    asking, match = cases["left_nb"], cases["left_sv"]
    address = f"/matches/{match.id}/feedback?case={asking.id}"
    assert f'href="{address}"' in (await bob.get(f"/cases/{asking.id}/similar")).text
    form = await bob.get(address)
    assert "Why did it not help?" in form.text
    assert (await bob.post(address, data={"words": "Hm."})).status_code == 422
    given = await bob.post(address, data=SAID)
    assert (given.status_code, given.headers["Location"]) == (303, address)
    assert "Not helpful: It is stuck for another reason." in " ".join(
        (await bob.get(f"/cases/{asking.id}/similar")).text.replace("</span>", "").split()
    ).replace('<span class="muted">', "")
    assert SAID["words"] in (await bob.get(address)).text
    [feedback] = await read_all(session)
    assert (feedback.user_id, feedback.asking_case_id) == (BOB.id, asking.id)
    back = await bob.post(address.replace("?", "/take-back?"))
    assert back.status_code == 303
    assert await read_all(session) == []


async def test_htmx_swaps_the_part_alone(cases: dict[str, Case], full: FastAPI, sign_in: SignIn) -> None:
    bob = await sign_in(BOB)
    address = f"/matches/{cases['left_sv'].id}/feedback"
    for response in (
        await bob.get(address, headers=BLOCK),
        await bob.post(address, data=SAID, headers=BLOCK),
        await bob.post(f"{address}/take-back", headers=BLOCK),
    ):
        assert response.status_code == 200
        assert "<html" not in response.text
        assert "match-said" in response.text
        assert address in response.text


async def test_a_draft_that_is_not_saved_yet_is_asked_for_nothing(
    session: AsyncSession, cases: dict[str, Case], full: FastAPI, sign_in: SignIn
) -> None:
    """Its id came with the empty form; and one that somebody else keeps for himself says no more than that."""
    hidden = await create_case(session, owner=ALICE, visibility=Visibility.RESTRICTED)
    bob = await sign_in(BOB)
    for unknown in (hidden.id, MONA.id):
        address = f"/matches/{cases['left_sv'].id}/feedback?case={unknown}"
        assert (await bob.post(address, data=SAID)).status_code == 303
        [feedback] = await read_all(session)
        assert feedback.asking_case_id is None


async def test_a_person_may_say_so_while_typing_and_in_search(
    cases: dict[str, Case], bob: httpx.AsyncClient, full: FastAPI
) -> None:
    match = cases["left_sv"].id
    typed = await bob.post(
        f"/similar/typing?case={MONA.id}", data={"situation": QUERY["text"], "obstacles": ["champion_left"]}
    )
    assert f"/matches/{match}/feedback?case={MONA.id}" in typed.text
    found = await bob.get("/search", params={"q": QUERY["text"]})
    assert f'href="/matches/{match}/feedback"' in found.text
