"""Words that are typed wrongly, half typed, or put together otherwise than in the texts, find what is meant."""

from collections.abc import Mapping

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.similar.passages import fold_stem
from app.similar.spelling import (
    MOST_GROUPS,
    Lexicon,
    correct,
    find_near,
    is_two_slips_away,
    join_words,
    slip,
    split_compound,
)
from app.similar.vocabulary import MOST_MENDED, NEAR_SHARE, Vocabulary, weigh_words
from tests.conftest import OpenApi
from tests.factories import create_case
from tests.similar.conftest import EVERYONE, Index
from tests.world import BOB

KNOWN = (
    "kund",
    "moet",
    "leverandoer",
    "godkjenning",
    "grossist",
    "grossistavtal",
    "pris",
    "innkjoep",
    "kundemoet",
    "arbeid",
)


def lexicon(frequencies: Mapping[str, int] | None = None, sampled: int = 1000) -> Lexicon:
    return Lexicon(frequencies if frequencies is not None else dict.fromkeys(KNOWN, 5), sampled)


@pytest.mark.parametrize("typed", ["grosist", "grossits", "grossiist", "grpssist", "rossist"])
def test_a_word_with_one_slip_means_the_word(typed: str) -> None:
    assert find_near([typed], typed, lexicon()) == [("grossist",)]


def test_a_long_word_may_have_two() -> None:
    assert find_near(["leverandeor"], "leverandeor", lexicon()) == [("leverandoer",)]
    assert find_near(["leveranndor"], "leveranndor", lexicon()) == [("leverandoer",)]


@pytest.mark.parametrize("typed", ["pros", "bris", "abc", "顧客顧客顧客", "12345678", "grossist"])
def test_a_short_a_strange_and_a_known_word_mean_themselves(typed: str) -> None:
    assert find_near([typed], typed, lexicon()) == []


def test_a_word_that_many_have_written_means_itself() -> None:
    words = dict.fromkeys(KNOWN, 5) | {"grosist": 400}
    assert find_near(["grosist"], "grosist", lexicon(words)) == []


def test_the_word_that_is_being_typed_may_go_on() -> None:
    assert find_near(["gros"], "gros", lexicon(), unfinished=True) == [("grossist",), ("grossistavtal",)]
    assert find_near(["gros"], "gros", lexicon()) == []
    assert find_near(["g"], "g", lexicon(), unfinished=True) == []


@pytest.mark.parametrize(
    ("compound", "parts"),
    [
        ("leverandoergodkjenning", ("leverandoer", "godkjenning")),
        ("kundepris", ("kund", "pris")),
        ("arbeidsmoet", ("arbeid", "moet")),
        ("innkjoepskund", ("innkjoep", "kund")),
    ],
)
def test_a_compound_means_its_parts_together(compound: str, parts: tuple[str, str]) -> None:
    assert list(split_compound([compound], lexicon())) == [parts]


@pytest.mark.parametrize("words", [("kund", "moet"), ("moet", "kund")])
def test_two_words_mean_their_compound(words: tuple[str, str]) -> None:
    assert join_words([[word] for word in words], lexicon()) == {0: [("kundemoet",)], 1: [("kundemoet",)]}


@given(st.text("abcø", min_size=1, max_size=6), st.text("abcø", min_size=1, max_size=6))
def test_slips_are_those_of_the_definition(one: str, other: str) -> None:
    if other in slip(one):
        assert is_two_slips_away(one, other)
    assert is_two_slips_away(one, one)
    assert is_two_slips_away(one, other) == is_two_slips_away(other, one)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.text(max_size=30), st.booleans())
def test_any_word_gets_an_answer_of_known_words(stems: list[str], typed: str, unfinished: bool) -> None:  # noqa: FBT001
    near = find_near(stems, typed, lexicon(), unfinished=unfinished)
    assert len(near) <= MOST_GROUPS
    assert all(stem in KNOWN for group in near for stem in group)


def test_what_is_near_tells_less_than_the_word() -> None:
    vocabulary = Vocabulary(1000, 1000, dict.fromkeys(KNOWN, 5) | {"grosist": 1}, frozenset({"nb"}), 0.0)
    [wrong] = weigh_words(vocabulary, [("grosist", ["grosist"])], None)
    [right] = weigh_words(vocabulary, [("grossist", ["grossist"])], None)
    assert wrong.near == (("grossist",),)
    assert wrong.near_information == NEAR_SHARE * right.information < wrong.information
    assert right.near == ()
    assert list(correct("grosist", vocabulary.lexicon))


def test_where_many_words_are_unknown_each_is_taken_as_it_stands() -> None:
    vocabulary = Vocabulary(1000, 1000, dict.fromkeys(KNOWN, 5), frozenset({"nb"}), 0.0)
    words = [("grosist", ["grosist"])] * (MOST_MENDED + 1)
    assert not any(term.near for term in weigh_words(vocabulary, words, None))


TEXTS = {
    "meeting": "Vi fikk et møte med kunden, men ingen tok en beslutning etterpå.",
    "supplier": "Godkjenning av leverandører tar et halvt år hos dem.",
    "wholesale": "Etterfølgeren hos grossisten svarer ikke.",
    "compound": "Prosjektlederen utsetter oppstarten hver eneste måned.",
    "swedish": "Inköpschefen vill se en lösning som håller över vintern.",
}


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("grossis", "wholesale"),
        ("grosisten", "wholesale"),
        ("kundemøte", "meeting"),
        ("kundmöte", "meeting"),
        ("leverandørgodkjenning", "supplier"),
        ("leverandoergodkjenning", "supplier"),
        ("lederen for prosjektet", "compound"),
        ("prosjektleedren", "compound"),
        ("løsning", "swedish"),
        ("loesning", "swedish"),
        ("losning", "swedish"),
    ],
)
async def test_the_words_find_what_is_meant(
    q: str, expected: str, session: AsyncSession, app: FastAPI, open_api: OpenApi, index: Index
) -> None:
    made = {
        key: await create_case(
            session,
            visibility=EVERYONE,
            title=f"Sak {key}",
            situation=text,
            language="sv" if key == "swedish" else "nb",
        )
        for key, text in TEXTS.items()
    }
    await index(*made.values(), model=False)
    bob = await open_api(BOB)
    found = (await bob.get("/api/v1/search", params={"q": q})).json()
    assert [match["id"] for match in found["join"]] == [str(made[expected].id)]


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("Asiakas pyysi tarjouksen elokuussa. Sen jälkeen hankintapäällikkö ei ole vastannut.", "tarjouksia"),
        ("Vores kontakt hos grossisten har sagt op, og indkøbschefen svarer ikke på henvendelser.", "henvendelsen"),
    ],
)
async def test_danish_and_finnish_words_are_found_in_other_forms(
    text: str, q: str, session: AsyncSession, app: FastAPI, open_api: OpenApi, index: Index
) -> None:
    case = await create_case(session, visibility=EVERYONE, situation=text, desired_state=text, language="nb")
    await index(case, await create_case(session, visibility=EVERYONE), model=False)
    bob = await open_api(BOB)
    found = (await bob.get("/api/v1/search", params={"q": q})).json()
    assert [match["id"] for match in found["join"]] == [str(case.id)]
    assert found["join"][0]["passage"]["language"] in {"da", "fi"}


def test_nordic_letters_are_one_whatever_the_language() -> None:
    assert fold_stem("møte") == fold_stem("möte") == "moete"
    assert fold_stem("være") == fold_stem("väre") == "vaere"
