import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import OrganisationName, Viewer
from app.cases.models import Case, HatKind, Visibility
from app.cases.workflow import State
from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.slot import ModelSlot
from app.practices.models import Audience, Trust
from app.similar import asked, queries, service
from app.similar.scoring import STRONG
from tests.conftest import OpenApi
from tests.factories import create_case, create_hat, create_practice, create_resolved_case
from tests.similar.conftest import EVERYONE, STORIES, Index
from tests.world import ALICE, BOB, CHARLIE, DORA

PATH = "/api/v1/similar-cases"
CHAMPION_LEFT = "Hun som drev saken hos kunden, har sluttet, og den nye svarer ikke på henvendelser."


async def find(client: httpx.AsyncClient, text: str = CHAMPION_LEFT, limit: int = 5) -> dict[str, Any]:
    response = await client.post(PATH, json={"text": text, "limit": limit})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [match["id"] for pool in ("learn", "join") for match in found[pool]]


@pytest.fixture
async def bob(full: FastAPI, open_api: OpenApi) -> httpx.AsyncClient:
    return await open_api(BOB)


async def test_a_norwegian_finds_the_same_wall_in_swedish(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    found = await find(bob)
    assert found["mode"] == "full"
    assert not found["nothing_close"]
    learned = found["learn"][0]
    assert learned["id"] == str(cases["left_sv"].id)
    assert {"Stuck for the same reason", "Close to it, in Swedish"} <= set(learned["reasons"])
    assert learned["passage"]["language"] == "sv"
    assert learned["outcome"] == "won_a"
    assert learned["plan"]["letter"] == "A"
    assert learned["resolution"].startswith("The operations manager came")
    assert learned["url"] == f"/cases/{cases['left_sv'].id}"
    assert found["join"][0]["id"] == str(cases["left_nb"].id)


async def test_the_parts_add_up_to_the_score(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    found = await find(bob)
    for match in found["learn"] + found["join"]:
        assert sum(match["parts"].values()) == pytest.approx(match["score"])
        assert 0 < match["score"] <= 1
        assert match["band"] == ("strong" if match["score"] >= STRONG else "possible")


async def test_a_case_finds_its_like_and_not_itself(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    response = await bob.get(f"/api/v1/cases/{cases['price_nb'].id}/similar-cases")
    found = response.json()
    assert str(cases["price_nb"].id) not in ids(found)
    assert found["learn"][0]["id"] == str(cases["price_sv"].id)
    assert "Same obstacle: Price or return not accepted" in found["learn"][0]["reasons"]


@pytest.mark.parametrize(
    "text", ["What is the best recipe for banana bread?", "Vädret i helgen blir soligt", "qwzx vlorp ttz", "hei"]
)
async def test_silence_when_nothing_is_close(cases: dict[str, Case], bob: httpx.AsyncClient, text: str) -> None:
    found = await find(bob, text)
    assert found["nothing_close"]
    assert ids(found) == []


async def test_another_organisation_finds_nothing_of_ours(
    session: AsyncSession, cases: dict[str, Case], full: FastAPI, open_api: OpenApi, index: Index
) -> None:
    dora = await open_api(DORA)
    assert ids(await find(dora)) == []
    theirs = await create_case(session, owner=DORA, visibility=EVERYONE, **STORIES["left_nb"])
    await index(theirs)
    assert ids(await find(dora)) == [str(theirs.id)]
    response = await dora.get(f"/api/v1/cases/{cases['left_nb'].id}/similar-cases")
    assert response.status_code == 404
    assert str(theirs.id) not in ids(await find(await open_api(BOB)))


async def test_what_may_not_be_seen_takes_no_place(
    session: AsyncSession, cases: dict[str, Case], full: FastAPI, open_api: OpenApi, index: Index
) -> None:
    """Forty nearer cases that Charlie may not see do not push out the one he may."""
    hidden = [
        await create_case(session, visibility=Visibility.RESTRICTED, **STORIES["left_nb"] | {"customer": f"Kunde {n}"})
        for n in range(40)
    ]
    await index(*hidden)
    charlie = await open_api(CHARLIE)
    found = ids(await find(charlie, limit=20))
    assert str(cases["left_nb"].id) in found
    assert not {str(case.id) for case in hidden} & set(found)
    await create_hat(session, hidden[0], CHARLIE, kind=HatKind.EXPERT)
    assert str(hidden[0].id) in ids(await find(charlie, limit=20))


async def test_drafts_and_withdrawn_cases_are_never_found(
    session: AsyncSession, index: Index, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    story = STORIES["left_nb"]
    case = await create_case(session, visibility=EVERYONE, **story)
    await index(case)
    assert ids(await find(bob)) == [str(case.id)]
    for state in (State.DRAFT, State.WITHDRAWN):
        case.state = state
        await session.flush()
        assert ids(await find(bob)) == []
        assert ids(await find(await open_api(ALICE))) == []
        await index(case)
        assert ids(await find(bob)) == []


async def test_a_practice_stands_for_its_case(
    session: AsyncSession, index: Index, full: FastAPI, open_api: OpenApi
) -> None:
    case = await create_resolved_case(
        session, **STORIES["left_nb"] | {"title": "Kun for hattene"}, visibility=Visibility.RESTRICTED
    )
    practice = await create_practice(
        session,
        case,
        title="Når den som ville ha oss, slutter",
        when_to_use="Kontakten har sluttet og etterfølgeren svarer ikke.",
        language="nb",
    )
    await index(case)
    for person in (ALICE, CHARLIE):
        found = await find(await open_api(person))
        assert ids(found) == [str(practice.id)]
        assert found["learn"][0]["kind"] == "practice"
        assert found["learn"][0]["url"] == f"/practices/{practice.id}"
    assert "Rødbekk" not in str(found)
    assert "Kun for hattene" not in str(found)
    assert found["learn"][0]["plan"] is None
    assert found["learn"][0]["trust"] == "not_validated"
    practice.audience = Audience.TEAM
    await session.flush()
    assert ids(await find(await open_api(CHARLIE))) == []


async def test_a_retired_practice_leaves_its_case_to_its_readers(
    session: AsyncSession, index: Index, full: FastAPI, open_api: OpenApi
) -> None:
    case = await create_resolved_case(session, **STORIES["left_nb"], visibility=Visibility.RESTRICTED)
    await create_practice(session, case, when_to_use=STORIES["left_sv"]["situation"], trust=Trust.OBSOLETE)
    await index(case)
    found = await find(await open_api(ALICE))
    assert [(match["kind"], match["id"], match["trust"]) for match in found["learn"]] == [("case", str(case.id), None)]
    assert ids(await find(await open_api(CHARLIE))) == []


async def test_without_the_model_words_and_codes_answer(
    session: AsyncSession, app: FastAPI, open_api: OpenApi, index: Index
) -> None:
    case = await create_case(session, visibility=EVERYONE, **STORIES["left_nb"])
    coded = await create_resolved_case(session, visibility=EVERYONE, **STORIES["left_sv"])
    await index(case, coded, model=False)
    bob = await open_api(BOB)
    found = await find(bob, "Etterfølgeren hos grossisten svarer ikke")
    assert found["mode"] == "keywords"
    assert ids(found) == [str(case.id)]
    by_codes = (await bob.get(f"/api/v1/cases/{case.id}/similar-cases")).json()
    assert ids(by_codes) == [str(coded.id)]


async def test_a_model_that_fails_leaves_the_words(
    cases: dict[str, Case], full: FastAPI, slot: ModelSlot, open_api: OpenApi
) -> None:
    assert slot.embedder is not None
    broken = ModelSlot(None)
    broken.embedder, broken.mode = BatchingEmbedder(slot.embedder._encoder), "full"
    await broken.embedder.aclose()
    full.state.model_slot = broken
    found = await find(await open_api(BOB), "Etterfølgeren hos grossisten svarer ikke")
    assert found["mode"] == "keywords"
    assert str(cases["left_nb"].id) in ids(found)


async def test_an_error_of_the_model_waits_for_the_database(
    session: AsyncSession, slot: ModelSlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the look-up would go on with a session that is being closed."""
    ended = False

    async def look_slowly(*_arguments: object) -> list[object]:
        nonlocal ended
        await asyncio.sleep(0.05)
        ended = True
        return []

    async def fail(*_arguments: object) -> None:
        raise MemoryError

    viewer = Viewer(OrganisationName(BOB.organisation_id, "Fjord", "fjord"), user_id=BOB.id, role=BOB.role)
    monkeypatch.setattr(queries, "find_wordiest", look_slowly)
    monkeypatch.setattr(asked, "read_query", fail)
    with pytest.raises(MemoryError):
        await service.find_similar(session, viewer, CHAMPION_LEFT, slot=slot)
    assert ended


async def test_spellings_without_nordic_letters_are_found(
    session: AsyncSession, app: FastAPI, open_api: OpenApi, index: Index
) -> None:
    case = await create_case(session, visibility=EVERYONE, **STORIES["left_nb"])
    await index(case, model=False)
    bob = await open_api(BOB)
    for text in ("etterfoelgeren grossisten", "etterfølgere grossist"):
        assert ids(await find(bob, text)) == [str(case.id)], text


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "🙂🙂🙂",
        "'; DROP TABLE passages; --",
        "a & b | !c <-> (d:*",
        "\\ ' '' \\' :* & !",
        "og i på det er en",
        "顧客が返事をしない",
        "ord " * 2000,
        "å" * 8000,
        "%s %(x)s :name {0}",
    ],
)
async def test_any_text_gets_an_answer(cases: dict[str, Case], bob: httpx.AsyncClient, text: str) -> None:
    assert set(await find(bob, text)) == {"mode", "learn", "join", "nothing_close", "suggested_obstacles"}


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": "  \n "},
        {"text": "x" * 20_000},
        {"text": "nul \x00 byte"},
        {"text": "fine", "limit": 0},
        {"text": "fine", "limit": 21},
        {"text": "fine", "depth": 3},
        {"text": 7},
        {},
    ],
)
async def test_a_bad_question_is_refused(bob: httpx.AsyncClient, body: dict[str, Any]) -> None:
    response = await bob.post(PATH, json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_key_that_may_read_may_ask(cases: dict[str, Case], full: FastAPI, open_api: OpenApi) -> None:
    reader = await open_api(BOB, "cases:read", act_as=False)
    assert ids(await find(reader))
    writer = await open_api(BOB, "cases:write", act_as=False)
    assert (await writer.post(PATH, json={"text": CHAMPION_LEFT})).status_code == 403
