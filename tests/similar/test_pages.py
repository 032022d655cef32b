import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Visibility
from app.cases.workflow import State
from app.similar.words import mark_words
from tests.conftest import OpenApi, SignIn
from tests.factories import create_case
from tests.similar.conftest import EVERYONE, STORIES, Index
from tests.world import ALICE, BOB, CHARLIE, DORA

TYPED = {
    "title": "Kontakten sluttet",
    "situation": "Hun som drev saken hos kunden, har sluttet. Den nye svarer ikke på henvendelser.",
    "obstacles": ["champion_left"],
    "version": "1",
}
BLOCK = {"HX-Request": "true"}


@pytest.fixture
async def bob(full: FastAPI, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in(BOB)


async def test_while_typing_both_pools_are_shown(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    response = await bob.post("/similar/typing", data=TYPED, headers=BLOCK)
    assert response.status_code == 200
    assert "<html" not in response.text
    assert response.text.index("To learn from") < response.text.index("To join")
    assert STORIES["left_sv"]["title"] in response.text
    assert "Same obstacle: Champion left" in response.text
    assert "Stuck for the same reason" in response.text
    assert "What came of it" in response.text


async def test_an_open_one_that_is_the_same_is_joined_from_a_draft_and_linked_from_a_case(
    cases: dict[str, Case], index: Index, session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    draft, same = "01937d2e-5c1a-7b0e-9f51-3f6a2f9f1c11", cases["left_nb"]
    typing = await bob.post(f"/similar/typing?case={draft}", data=TYPED, headers=BLOCK)
    assert f"/cases/{same.id}/same?draft={draft}" in typing.text
    assert f"/cases/{cases['left_sv'].id}/same" not in typing.text, "it is closed"
    posted = await create_case(session, **STORIES["left_nb"])
    await index(posted)
    beside = (await bob.get(f"/cases/{posted.id}/similar", headers=BLOCK)).text
    assert f"/cases/{posted.id}/links?other={same.id}&amp;kind=duplicate_of" in beside


async def test_a_form_that_says_nothing_yet_is_taught(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    response = await bob.post("/similar/typing", data={"title": "Stille"}, headers=BLOCK)
    assert response.status_code == 200
    assert "cases like it appear here" in response.text


async def test_a_field_too_long_is_no_error_page(bob: httpx.AsyncClient) -> None:
    response = await bob.post("/similar/typing", data=TYPED | {"situation": "x" * 20_000}, headers=BLOCK)
    assert response.status_code == 422
    assert "<html" not in response.text


async def test_the_panel_is_a_page_and_a_part(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    case = cases["left_nb"]
    page = await bob.get(f"/cases/{case.id}/similar")
    part = await bob.get(f"/cases/{case.id}/similar", headers=BLOCK)
    for response in (page, part):
        assert response.status_code == 200
        assert STORIES["left_sv"]["title"] in response.text
    assert "<html" in page.text
    assert "<html" not in part.text
    assert "Use in a plan" not in page.text


async def test_the_owner_may_start_a_plan_from_a_match(cases: dict[str, Case], full: FastAPI, sign_in: SignIn) -> None:
    case = cases["left_nb"]
    page = await (await sign_in(ALICE)).get(f"/cases/{case.id}/similar")
    assert f"/cases/{case.id}/plans/new?basis={cases['left_sv'].id}" in page.text


async def test_a_saved_draft_leads_to_cases_like_it(
    session: AsyncSession, cases: dict[str, Case], full: FastAPI, sign_in: SignIn
) -> None:
    """For somebody whose browser fetches nothing while he types."""
    draft = await create_case(session, state=State.DRAFT, **STORIES["left_nb"] | {"title": ""})
    alice = await sign_in(ALICE)
    assert f'href="/cases/{draft.id}/similar"' in (await alice.get(f"/cases/{draft.id}/draft")).text
    page = await alice.get(f"/cases/{draft.id}/similar")
    assert STORIES["left_sv"]["title"] in page.text
    assert (await (await sign_in(BOB)).get(f"/cases/{draft.id}/similar")).status_code == 404


async def test_the_panel_of_a_case_one_may_not_see_is_not_there(
    session: AsyncSession, full: FastAPI, sign_in: SignIn
) -> None:
    hidden = await create_case(session, visibility=Visibility.RESTRICTED)
    for person in (CHARLIE, DORA):
        response = await (await sign_in(person)).get(f"/cases/{hidden.id}/similar", headers=BLOCK)
        assert response.status_code == 404


async def test_search_finds_and_marks(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    response = await bob.get("/search", params={"q": "unlimited liability clause"})
    assert response.status_code == 200
    assert STORIES["legal_en"]["title"] in response.text
    assert "<mark>liability</mark>" in response.text
    assert 'value="unlimited liability clause"' in response.text


async def test_search_is_narrowed_by_filters(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    asked = {
        "q": "Økonomisjefen godtar ikke prisen og regner det ikke hjem",
        "language": "",
        "state": "",
        "team": "",
        "outcome": "",
    }
    both = await bob.get("/search", params=asked)
    assert STORIES["price_sv"]["title"] in both.text
    assert STORIES["price_nb"]["title"] in both.text
    for narrowing in ({"state": "resolved"}, {"language": "sv"}, {"outcome": "won_a"}):
        narrowed = await bob.get("/search", params=asked | narrowing)
        assert STORIES["price_sv"]["title"] in narrowed.text, narrowing
        assert STORIES["price_nb"]["title"] not in narrowed.text, narrowing
    other_reason = await bob.get("/search", params=asked | {"obstacle": "legal_or_procurement"})
    assert STORIES["price_sv"]["title"] not in other_reason.text


async def test_an_empty_search_teaches(bob: httpx.AsyncClient) -> None:
    response = await bob.get("/search")
    assert response.status_code == 200
    assert "Somebody has been stuck here before" in response.text


async def test_nothing_close_names_what_came_nearest(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    response = await bob.get("/search", params={"q": "What is the best recipe for banana bread?"})
    assert "Nothing close enough." in response.text
    assert "comes nearest, but" in response.text


@pytest.mark.parametrize("asked", [{"q": "x" * 9000}, {"q": "fine", "state": "draft"}, {"q": "fine", "team": "oslo"}])
async def test_a_search_that_cannot_be_taken_keeps_what_was_typed(
    bob: httpx.AsyncClient, asked: dict[str, str]
) -> None:
    response = await bob.get("/search", params=asked)
    assert response.status_code == 422
    assert asked["q"] in response.text
    assert "field-error" in response.text


async def test_the_page_says_that_words_alone_answer(
    session: AsyncSession, app: FastAPI, sign_in: SignIn, index: Index
) -> None:
    case = await create_case(session, visibility=EVERYONE, **STORIES["left_nb"])
    await index(case, model=False)
    bob = await sign_in(BOB)
    loading = await bob.get("/search", params={"q": "etterfølgeren hos grossisten"})
    assert STORIES["left_nb"]["title"] in loading.text
    assert "still loading" in loading.text
    app.state.model_slot.mode = "keywords"
    missing = await bob.get("/search", params={"q": "etterfølgeren hos grossisten"})
    assert "There is no language model here" in missing.text


async def test_nothing_is_shown_unescaped(session: AsyncSession, full: FastAPI, sign_in: SignIn, index: Index) -> None:
    story = STORIES["left_nb"] | {
        "title": "<script>alert('title')</script> sluttet",
        "situation": "Grossisten <img src=x onerror=alert(1)> sa opp & gikk. Etterfølgeren svarer ikke.",
        "customer": "<b>Rødbekk</b>",
    }
    await index(await create_case(session, visibility=EVERYONE, **story))
    response = await (await sign_in(BOB)).get(
        "/search", params={"q": "Grossisten img onerror <script>alert etterfølgeren"}
    )
    assert "sluttet" in response.text
    assert "<script>alert" not in response.text
    assert "<img" not in response.text
    assert "<b>R" not in response.text
    assert "<mark>Grossisten</mark>" in response.text


def test_marks_stand_in_a_window_around_the_first() -> None:
    passage = " ".join(f"ord{n}" for n in range(200))
    html = mark_words(passage, frozenset({"ord150"}))
    assert "<mark>ord150</mark>" in html
    assert html.startswith("… ord")
    assert html.endswith(" …")
    assert len(html.split()) < 70
    assert mark_words("a < b", frozenset({"b"})) == "a &lt; <mark>b</mark>"


async def test_the_customer_is_no_part_of_what_is_searched(
    cases: dict[str, Case], full: FastAPI, open_api: OpenApi
) -> None:
    api = await open_api(BOB)
    found = (await api.post("/api/v1/similar-cases", json={"text": "Rødbekk Engros"})).json()
    assert "Rødbekk" not in str([match["passage"] for match in found["learn"] + found["join"]])
