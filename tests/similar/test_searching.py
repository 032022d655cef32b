"""Search with operators, through HTTP: they narrow what meaning and words find, and never show what may not be seen."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Visibility
from app.practices.models import Audience
from tests.conftest import OpenApi, SignIn
from tests.factories import create_case, create_practice, create_resolved_case
from tests.similar.conftest import EVERYONE, STORIES, Index
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA, Person

PATH = "/api/v1/search"


async def search(client: httpx.AsyncClient, q: str, limit: int = 20) -> dict[str, Any]:
    response = await client.get(PATH, params={"q": q, "limit": limit})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [match["id"] for pool in ("learn", "join") for match in found[pool]]


@pytest.fixture
async def bob(full: FastAPI, open_api: OpenApi) -> httpx.AsyncClient:
    return await open_api(BOB)


def keys(found: dict[str, Any], cases: dict[str, Case]) -> set[str]:
    names = {str(case.id): key for key, case in cases.items()}
    return {names[found_id] for found_id in ids(found)}


async def test_operators_narrow_what_meaning_finds(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    text = "Hun som drev saken hos kunden, har sluttet, og den nye svarer ikke på henvendelser."
    assert {"left_nb", "left_sv"} < keys(await search(bob, text), cases)
    found = await search(bob, f"{text} lang:sv reason:champion_left")
    assert keys(found, cases) == {"left_sv"}
    assert found["text"] == text
    assert {"Stuck for the same reason", "Close to it, in Swedish"} <= set(found["learn"][0]["reasons"])
    assert found["notes"] == []


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("status:open", {"left_nb", "price_nb", "legal_en"}),
        ("state:resolved", {"left_sv", "price_sv", "silent_en"}),
        ("status:Løst", {"left_sv", "price_sv", "silent_en"}),
        ("reason:champion_left", {"left_nb", "left_sv"}),
        ('obstacle:"Vår förespråkare slutade"', {"left_nb", "left_sv"}),
        ("reason:champion_left reason:silent", {"left_nb", "left_sv", "silent_en"}),
        ("-reason:champion_left -reason:silent", {"price_nb", "price_sv", "legal_en"}),
        ("reason:champion_left status:open", {"left_nb"}),
        ("outcome:won_a lang:en", {"silent_en"}),
        ("-outcome:won_a", {"left_nb", "price_nb", "legal_en"}),
        ("lang:norsk", {"left_nb", "price_nb"}),
        ("språk:svenska", {"left_sv", "price_sv"}),
        ("-lang:nb -lang:sv", {"legal_en", "silent_en"}),
        ("by:alice lang:nb", {"left_nb", "price_nb"}),
        (f"by:{ALICE.email} lang:en", {"legal_en", "silent_en"}),
        ('by:"Alice Fjord" lang:sv', {"left_sv", "price_sv"}),
        ("by:bob", set()),
        ("-by:alice", set()),
        ("team:oslo lang:sv", {"left_sv", "price_sv"}),
        ("team:mine lang:sv", {"left_sv", "price_sv"}),
        ("team:bergen", set()),
        ("-lösning -clause lang:en", {"silent_en"}),
        ("-sluttet -slutat lang:nb", {"price_nb"}),
        ("-sluttede lang:nb", {"price_nb"}),
    ],
)
async def test_operators_alone_list_what_fits(
    q: str, expected: set[str], cases: dict[str, Case], bob: httpx.AsyncClient
) -> None:
    found = await search(bob, q)
    assert keys(found, cases) == expected
    assert found["text"] == ""
    assert found["notes"] == []
    for match in found["learn"] + found["join"]:
        assert (match["band"], match["score"], match["parts"]) == (None, 0, {})


async def test_a_case_goes_by_its_stage_industry_product_and_tags(
    session: AsyncSession, cases: dict[str, Case], bob: httpx.AsyncClient
) -> None:
    case = await create_case(session, visibility=EVERYONE, product="Rutekart Pro", tags=["Haster", "kjøl & frys"])
    for q in ('product:"rutekart pro"', "tag:haster", 'merke:"KJØL & FRYS"', "tag:haster tag:other"):
        assert ids(await search(bob, q)) == [str(case.id)], q
    assert len(ids(await search(bob, "-tag:haster"))) == len(cases)
    assert len(ids(await search(bob, '-produkt:"rutekart pro"'))) == len(cases)


async def test_what_is_listed_is_listed_by_when_it_last_moved(
    session: AsyncSession, full: FastAPI, bob: httpx.AsyncClient
) -> None:
    months = (3, 11, 7)
    made = {
        month: await create_case(session, visibility=EVERYONE, moved_at=datetime(2025, month, 15, 12, tzinfo=UTC))
        for month in months
    }
    assert ids(await search(bob, "status:open")) == [str(made[month].id) for month in (11, 7, 3)]
    assert ids(await search(bob, "status:open", limit=1)) == [str(made[11].id)]
    for q, expected in (
        ("after:2025-07", [11, 7]),
        ("after:2025-07-16", [11]),
        ("before:2025-07-15", [3]),
        ("before:2025-07-16", [7, 3]),
        ("after:2025-04 before:2025-11", [7]),
        ("-after:2025-04", [3]),
        ("after:2026", []),
    ):
        assert ids(await search(bob, q)) == [str(made[month].id) for month in expected], q


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ('"unlimited liability"', {"legal_en"}),
        ('"UNLIMITED  liability"', {"legal_en"}),
        ('"liability unlimited"', set()),
        ('"clause about liability"', {"legal_en"}),
        ('"clause liability"', set()),
        ("“kontakten vår hos grossisten”", {"left_nb"}),
        ('"kontakten vaar"', {"left_nb"}),
        ("«priset är för högt»", {"price_sv"}),
        ('"priset ær før høgt"', {"price_sv"}),
        ('"grossist"', set()),
        ('"nine" lang:en', {"legal_en", "silent_en"}),
        ('"nine" -"nine weeks"', {"silent_en"}),
        ('"nine" -weeks', {"silent_en"}),
    ],
)
async def test_a_phrase_stands_just_so_in_what_is_found(
    q: str, expected: set[str], cases: dict[str, Case], bob: httpx.AsyncClient
) -> None:
    assert keys(await search(bob, q), cases) == expected


async def test_a_phrase_is_shown_where_it_stands(cases: dict[str, Case], bob: httpx.AsyncClient) -> None:
    found = await search(bob, '"nine weeks" banana bread recipes and other things nobody here wrote about')
    [match] = found["join"]
    assert "nine weeks" in match["passage"]["text"]


NOTED = {
    "stge:negotiation champion left": (
        "unknown_operator",
        "“stge:negotiation” is no filter; searched for as words. Did you mean stage:?",
    ),
    "reason:rain": ("unknown_value", "“reason:rain” names nothing that exists here; searched for as words."),
    "status:draft": ("unknown_value", "“status:draft” names nothing that exists here; searched for as words."),
    "after:tomorrow": (
        "bad_date",
        "“after:tomorrow” is no date like 2026-11-25, 2026-11 or 2026; searched for as words.",
    ),
    "after:2026 before:2025": (
        "contradictory",
        "“before:2025” contradicts the rest of the search; searched for as words.",
    ),
    '"never closed': ("open_quote", "The quotation mark before never is never closed; searched for as words."),
    "-the": ("too_common", "-the stands in nearly every text and narrows nothing; searched for as words."),
    '"ikke i"': ("too_common", '"ikke i" stands in nearly every text and narrows nothing; searched for as words.'),
}


@pytest.mark.parametrize(("q", "note"), NOTED.items())
async def test_what_cannot_be_read_is_searched_for_and_said(
    q: str, note: tuple[str, str], cases: dict[str, Case], bob: httpx.AsyncClient
) -> None:
    found = await search(bob, q)
    assert [(said["problem"], said["message"]) for said in found["notes"]] == [note]
    assert found["notes"][0]["written"].strip('"') in q


@pytest.mark.parametrize(
    "q",
    [
        "x",
        "🙂",
        "顧客が返事をしない reason:silent",
        "'; DROP TABLE passages; -- reason:silent",
        '"\'; DROP TABLE passages; --"',
        '-"a & b | !c <-> (d:*"',
        "\"\\ ' '' \\' :* & !\"",
        "-'x' -\\y -a&b -a|b -(a -a:*",
        "og i på det er en",
        '-og -i -"og i"',
        "status:open status:closed -status:open -status:closed",
        "by:' by:% by:_ team:' tag:' product:%",
        "after:0000 before:9999-99-99 after:٢٠٢٦",
        '"example.com" -3.5 "3.5" -"e-post" "10:30"',
        "-" + "a" * 3000,
        '"' + "ord " * 1500 + '"',
        " ".join(f"-w{n}x" for n in range(1000)),
        " ".join(f'"w{n}"' for n in range(1000)),
        "«" * 7000,
        "reason:" * 1000,
        "%s %(x)s :name {0} {written}: {0}:{1}",
    ],
)
async def test_any_query_gets_an_answer(
    q: str, cases: dict[str, Case], bob: httpx.AsyncClient, sign_in: SignIn
) -> None:
    assert set(await search(bob, q)) == {"mode", "learn", "join", "nothing_close", "text", "notes", "facets"}
    page = await (await sign_in(BOB)).get("/search", params={"q": q})
    assert page.status_code == 200


@pytest.mark.parametrize("q", ["", "   ", "x" * 20_000, "nul \x00 byte"])
async def test_what_is_no_text_is_refused(q: str, bob: httpx.AsyncClient) -> None:
    response = await bob.get(PATH, params={"q": q})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


EVERY_OPERATOR = [
    "status:trying",
    "status:open",
    "stage:solution",
    "reason:champion_left",
    "outcome:won_a",
    "industry:healthcare",
    'product:"Rutekart Pro"',
    "team:oslo",
    f"by:{ALICE.email}",
    "by:alice",
    "tag:haster",
    "lang:nb",
    "after:2020",
    "before:2030",
    '"lagersjefen som ville ha oss"',
    "-banan",
    '-"bananbrød til kaffen"',
    "-reason:silent",
    "-by:bob",
    "-team:bergen",
    "-tag:nothing",
    "-product:nothing",
    "sluttet",
]


@pytest.fixture
async def hidden(session: AsyncSession, index: Index) -> list[Case]:
    """An open and a resolved case of Alice's that only she may see."""
    story = STORIES["left_nb"] | {"product": "Rutekart Pro", "tags": ["haster"], "visibility": Visibility.RESTRICTED}
    made = [await create_case(session, **story), await create_resolved_case(session, **story)]
    await index(*made)
    return made


@pytest.mark.parametrize("person", [DORA, CHARLIE, BOB], ids=lambda person: person.key)
async def test_no_operator_shows_what_may_not_be_seen(
    person: Person, hidden: list[Case], full: FastAPI, open_api: OpenApi, sign_in: SignIn
) -> None:
    api, browser = await open_api(person), await sign_in(person)
    for q in EVERY_OPERATOR:
        assert ids(await search(api, q)) == [], q
        assert "Lagersjefen" not in (await browser.get("/search", params={"q": q})).text.replace(q, ""), q


async def test_its_owner_finds_it_by_the_same_operators(hidden: list[Case], full: FastAPI, open_api: OpenApi) -> None:
    """So that the test above is about rights."""
    alice = await open_api(ALICE)
    lost = {q for q in EVERY_OPERATOR if not ids(await search(alice, q))}
    assert lost == {"status:trying", "stage:solution", "industry:healthcare"}


async def test_names_of_another_organisation_are_unknown(full: FastAPI, open_api: OpenApi) -> None:
    dora = await open_api(DORA)
    for q in ("team:oslo", f"by:{ALICE.email}", "by:alice"):
        assert [note["problem"] for note in (await search(dora, q))["notes"]] == ["unknown_value"], q


async def test_a_practice_tells_nothing_of_the_case_behind_it(
    session: AsyncSession, full: FastAPI, open_api: OpenApi, index: Index
) -> None:
    """Charlie sees the practice, not the case: who owns the case, its tags and its words neither find nor hide it."""
    story = STORIES["left_nb"] | {"tags": ["haster"], "visibility": Visibility.RESTRICTED, "owner": ALICE}
    case = await create_resolved_case(session, **story)
    practice = await create_practice(session, case, language="nb")
    practice.solver_id = MONA.id
    await session.flush()
    await index(case)
    charlie, alice = await open_api(CHARLIE), await open_api(ALICE)
    both = ["by:mona", "status:shared", "lang:nb", "reason:champion_left", '"night shifts"', "-banan", "team:oslo"]
    for q in both:
        assert ids(await search(charlie, q)) == ids(await search(alice, q)) == [str(practice.id)], q
    for q in ("by:alice", "tag:haster", '"sa opp"'):
        assert ids(await search(charlie, q)) == [], q
        assert ids(await search(alice, q)) == [str(practice.id)], q
    for q in ("-by:alice", "-tag:haster", "-grossisten", '-"sa opp"'):
        assert ids(await search(charlie, q)) == [str(practice.id)], q
        assert ids(await search(alice, q)) == [], q
    practice.audience = Audience.TEAM
    await session.flush()
    for q in both:
        assert ids(await search(charlie, q)) == [], q


async def test_without_the_model_operators_narrow_the_words(
    session: AsyncSession, app: FastAPI, open_api: OpenApi, index: Index
) -> None:
    made = {key: await create_case(session, visibility=EVERYONE, **STORIES[key]) for key in ("left_nb", "price_nb")}
    await index(*made.values(), model=False)
    bob = await open_api(BOB)
    found = await search(bob, "kunden grossisten reason:champion_left")
    assert found["mode"] == "keywords"
    assert keys(found, made) == {"left_nb"}
    assert keys(await search(bob, "status:open"), made) == set(made)


@pytest.fixture
async def browser(full: FastAPI, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in(BOB)


@pytest.mark.usefixtures("cases")
class TestPage:
    async def test_it_shows_how_the_query_was_understood(self, browser: httpx.AsyncClient) -> None:
        page = await browser.get("/search", params={"q": "reason:champion_left stge:lost lang:sv"})
        assert page.status_code == 200
        assert STORIES["left_sv"]["title"] in page.text
        assert "“stge:lost” is no filter; searched for as words." in page.text
        assert 'href="/search?q=stge%3Alost+lang%3Asv"' in page.text
        assert 'href="/search?q=reason%3Achampion_left+stge%3Alost"' in page.text

    async def test_a_chip_narrows_the_search(self, browser: httpx.AsyncClient) -> None:
        page = await browser.get("/search", params={"q": "", "language": "nb"})
        assert STORIES["left_nb"]["title"] in page.text
        assert 'href="/search?language=nb&amp;q=status%3Aopen"' in page.text
        narrowed = await browser.get("/search?language=nb&q=status%3Aclosed")
        assert "Nothing matches" in narrowed.text

    async def test_nothing_asked_teaches_operators(self, browser: httpx.AsyncClient) -> None:
        page = await browser.get("/search")
        assert "Somebody has been stuck here before" in page.text
        assert "Narrow it where you type:" in page.text

    @pytest.mark.parametrize("language", ["nb", "sv", "en"])
    async def test_what_it_teaches_is_understood(self, language: str, browser: httpx.AsyncClient) -> None:
        browser.headers["Accept-Language"] = language
        page = (await browser.get("/search")).text
        offered = [part.split('"')[0] for part in page.split('class="chip" href="')[1:]]
        taught = [part.split("</code>")[0] for part in page.split("<code>")[1:]]
        assert len(offered) == 6
        assert len(taught) == 5
        for address in offered:
            answer = (await browser.get(address.replace("&amp;", "&"))).text
            assert "chip-taken" in answer, address
            assert "notice" not in answer, address
        for example in taught:
            answer = (await browser.get("/search", params={"q": example.replace("&#34;", '"')})).text
            assert "chip-taken" in answer, example
            assert "notice" not in answer, example


async def test_what_the_close_ones_are_about_is_counted_and_narrows(
    cases: dict[str, Case], bob: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    found = await search(bob, "lang:nb lang:sv")
    counts = {(facet["operator"], facet["value"]): facet["count"] for facet in found["facets"]}
    assert counts["reason", "champion_left"] == counts["reason", "price_or_return"] == 2
    assert ("reason", "silent") not in counts
    page = (await browser.get("/search", params={"q": "lang:nb lang:sv"})).text
    assert "What the newest 4 are about" in page
    [href] = re.findall(r'href="([^"]+)">Champion left <span class="count">2</span>', page)
    narrowed = (await browser.get(href.replace("&amp;", "&"))).text
    assert "What the newest" not in narrowed, "all alike now"
    assert cases["left_sv"].title in narrowed
    assert cases["price_sv"].title not in narrowed


async def test_facets_count_nothing_that_may_not_be_seen(hidden: list[Case], full: FastAPI, open_api: OpenApi) -> None:
    found = await search(await open_api(DORA), "status:open")
    assert found["facets"] == []
