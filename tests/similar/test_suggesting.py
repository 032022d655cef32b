from collections.abc import Mapping

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CodeKind
from app.cases.workflow import State
from app.embeddings.slot import ModelSlot
from app.similar.suggesting import FEWEST_SHARE, LIKELY_SHARE, SURELY_STUCK, suggest_obstacle
from tests.conftest import OpenApi, SignIn
from tests.factories import NOW, create_case, find_code
from tests.world import ALICE, BOB

BLOCK = {"HX-Request": "true"}
BEHIND = "Vi får bare snakke med innkjøperen. Direktøren som bestemmer, slipper vi ikke inn til."
PRICE = "Ekonomichefen tycker att priset är för högt och räknar inte hem investeringen."
SAYS = 'data-suggestion="{}"'
CODE = "no_decision_maker_access"

shares = st.dictionaries(st.sampled_from(["silent", "champion_left", "price_or_return"]), st.floats(0, 1))


@given(shares, st.floats(0, 1), st.sets(st.sampled_from(["silent", "champion_left"])))
def test_only_a_sure_reading_is_suggested_and_never_what_is_ticked(
    shares: Mapping[str, float], stuck: float, ticked: set[str]
) -> None:
    suggestion = suggest_obstacle(shares, stuck, ticked)
    if suggestion is None:
        sure = [key for key, share in shares.items() if share >= FEWEST_SHARE and share == max(shares.values())]
        assert not sure or stuck < SURELY_STUCK or set(sure) & ticked
    else:
        assert shares[suggestion.obstacle] == max(shares.values()) >= FEWEST_SHARE
        assert (suggestion.sureness == "likely") is (shares[suggestion.obstacle] >= LIKELY_SHARE)
        assert suggestion.obstacle not in ticked
        assert stuck >= SURELY_STUCK


@pytest.fixture
async def alice(full: FastAPI, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in(ALICE)


async def type_text(client: httpx.AsyncClient, text: str, **fields: object) -> str:
    response = await client.post("/similar/typing", data={"situation": text} | fields, headers=BLOCK)
    assert response.status_code == 200
    return response.text


async def test_a_draft_that_sounds_like_an_obstacle_is_asked_about(alice: httpx.AsyncClient) -> None:
    answer = await type_text(alice, BEHIND)
    assert SAYS.format(CODE) in answer
    assert "Perhaps: No access to the decision maker?" in answer
    assert "but not to the one who can say yes" in answer
    assert "Sounds like: Price or return not accepted?" in await type_text(alice, PRICE)
    assert "checked" not in answer


async def test_what_is_ticked_dismissed_or_no_deal_is_not_asked_about(alice: httpx.AsyncClient) -> None:
    for answer in (
        await type_text(alice, BEHIND, obstacles=["silent", CODE]),
        await type_text(alice, BEHIND, dismissed=["silent", CODE]),
        await type_text(alice, "What is the best recipe for banana bread?"),
        await type_text(alice, "Stille."),
    ):
        assert "data-suggestion" not in answer
        assert 'id="suggested-obstacle"' in answer, "what stood there before goes"


async def test_a_retired_code_is_not_asked_about(
    session: AsyncSession, alice: httpx.AsyncClient, open_api: OpenApi
) -> None:
    (await find_code(session, CodeKind.OBSTACLE, CODE)).retired_at = NOW
    await session.flush()
    assert "data-suggestion" not in await type_text(alice, BEHIND)
    answer = await (await open_api(ALICE)).post("/api/v1/similar-cases", json={"text": BEHIND})
    assert answer.json()["suggested_obstacles"] == []


async def test_a_program_is_told_how_sure_it_is_without_a_percentage(full: FastAPI, open_api: OpenApi) -> None:
    api = await open_api(BOB)
    [suggested] = (await api.post("/api/v1/similar-cases", json={"text": BEHIND})).json()["suggested_obstacles"]
    assert suggested == {
        "key": CODE,
        "name": "No access to the decision maker",
        "definition": "We talk to somebody who can say no, but not to the one who can say yes.",
        "band": "possible",
    }
    [likely] = (await api.post("/api/v1/similar-cases", json={"text": PRICE})).json()["suggested_obstacles"]
    assert (likely["key"], likely["band"]) == ("price_or_return", "likely")


async def test_without_the_model_nothing_is_suggested(app: FastAPI, bob: httpx.AsyncClient, open_api: OpenApi) -> None:
    assert "data-suggestion" not in await type_text(bob, BEHIND)
    asked = await bob.post(f"/similar/obstacle-words?obstacle={CODE}", data={"situation": BEHIND}, headers=BLOCK)
    assert "No single sentence says so" in asked.text
    answer = await (await open_api(BOB)).post("/api/v1/similar-cases", json={"text": BEHIND})
    assert answer.json()["suggested_obstacles"] == []


async def test_the_sentence_that_speaks_for_it_is_shown_when_asked_for(alice: httpx.AsyncClient) -> None:
    situation = f"Vi traff dem i kantinen på tirsdag. {BEHIND} Det var fint vær."
    address = f"/similar/obstacle-words?obstacle={CODE}"
    told = await alice.post(address, data={"situation": situation}, headers=BLOCK)
    assert "<html" not in told.text
    assert any(sentence in told.text for sentence in BEHIND.split(". "))
    assert "kantinen" not in told.text
    alone = await alice.post(address, data={"situation": "Direktøren slipper oss ikke inn."}, headers=BLOCK)
    assert "No single sentence says so" in alone.text


async def test_a_typed_text_is_read_once(
    full: FastAPI, slot: ModelSlot, alice: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert slot.embedder is not None
    read: list[str] = []
    embed = slot.embedder.embed_stories

    async def watched(texts: list[str]) -> object:
        read.extend(texts)
        return await embed(texts)

    monkeypatch.setattr(slot.embedder, "embed_stories", watched)
    await type_text(alice, BEHIND)
    assert len(read) == 1


async def test_a_saved_draft_is_asked_about_without_a_script(
    session: AsyncSession, cases: dict[str, Case], alice: httpx.AsyncClient
) -> None:
    draft = await create_case(session, state=State.DRAFT, situation=BEHIND, title="", obstacles=(), language="nb")
    page = await alice.get(f"/cases/{draft.id}/similar")
    assert "Perhaps: No access to the decision maker?" in page.text
    assert f'href="/cases/{draft.id}/draft#f-obstacles"' in page.text
    assert "Perhaps:" not in (await alice.get(f"/cases/{cases['price_nb'].id}/similar")).text
