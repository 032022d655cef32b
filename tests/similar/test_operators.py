"""What is typed into the search, read: any text in, always an answer out."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.cases.workflow import OPEN_STATES, State
from app.similar.operators import (
    NAMES,
    Operator,
    Problem,
    Wording,
    fold_name,
    list_wordings,
    split_query,
    write_filter,
)
from app.similar.passages import split_words
from app.similar.reading import MOST_OPERATORS, Criterion, Known, ReadQuery, read_tokens

COMMON = {("og",), ("the",), ("i",)}
VALUES: dict[Operator, dict[str, frozenset[Any]]] = {
    Operator.STATE: {"open": frozenset(OPEN_STATES), "trying": frozenset({State.TRYING})},
    Operator.OBSTACLE: {
        "champion left": frozenset({"champion_left"}),
        "stoettespilleren sluttet": frozenset({"champion_left"}),
        "silent": frozenset({"silent"}),
    },
    Operator.LANGUAGE: {"nb": frozenset({"nb"}), "norsk": frozenset({"nb"})},
}


def read(text: str) -> ReadQuery:
    tokens = split_query(text)
    telling = frozenset(wording.words for wording in list_wordings(tokens)) - COMMON
    return read_tokens(text, tokens, Known(VALUES, telling))


def problems(text: str) -> list[tuple[str, Problem | None]]:
    return [(note.written, note.problem) for note in read(text).notes]


def moment(*day: int) -> datetime:
    return datetime(*day, tzinfo=ZoneInfo("Europe/Oslo"))  # type: ignore[arg-type, misc]


def test_words_alone_stay_as_they_are() -> None:
    text = 'Kunden sier: for dyrt, kl. 10:30.\nSe https://x.example/?a=b – e-post - og ring 5" skjerm'
    found = read(text)
    assert (found.text, found.criteria, found.wordings, found.notes) == (text, (), (), [])


@pytest.mark.parametrize(
    "text",
    [
        "reason:champion_left",
        "REASON:Champion-Left",
        'obstacle:"champion left"',
        "årsak:“Støttespilleren  sluttet”",
        "orsak:«stoettespilleren sluttet»",
        "aarsak:champion_left,",
    ],
)
def test_a_value_goes_by_its_key_or_by_its_name_in_any_language(text: str) -> None:
    found = read(text)
    assert found.criteria == (Criterion(Operator.OBSTACLE, frozenset({"champion_left"})),)
    assert (found.text, found.notes) == ("", [])


def test_several_of_one_operator_are_any_of_them_and_different_ones_all() -> None:
    criteria = read("hun svarer ikke status:open reason:silent lang:norsk reason:champion_left").criteria
    assert criteria == (
        Criterion(Operator.STATE, frozenset(OPEN_STATES)),
        Criterion(Operator.OBSTACLE, frozenset({"silent", "champion_left"})),
        Criterion(Operator.LANGUAGE, frozenset({"nb"})),
    )


def test_operators_leave_the_words_and_phrases_to_be_searched_for() -> None:
    found = read('pris -rabatt "ubegrenset ansvar" reason:silent hos kunden -"fast pris"')
    assert found.text == "pris ubegrenset ansvar hos kunden"
    assert found.wordings == (
        Wording(("rabatt",), exact=False, excluded=True),
        Wording(("ubegrenset", "ansvar"), exact=True),
        Wording(("fast", "pris"), exact=True, excluded=True),
    )
    assert not found.notes


def test_an_exclusion_narrows_what_was_asked_for() -> None:
    assert read("status:open -status:trying").criteria == (
        Criterion(Operator.STATE, frozenset(OPEN_STATES)),
        Criterion(Operator.STATE, frozenset({State.TRYING}), excluded=True),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("after:2026-11-25", moment(2026, 11, 25)),
        ("etter:2026-11", moment(2026, 11, 1)),
        ("efter:2026", moment(2026, 1, 1)),
        ("after:2026-2-3", moment(2026, 2, 3)),
    ],
)
def test_a_date_is_a_day_a_month_or_a_year(text: str, expected: datetime) -> None:
    assert read(text).criteria == (Criterion(Operator.AFTER, frozenset({expected})),)


@pytest.mark.parametrize("value", ["2026-13", "2026-02-30", "0000", "99999", "yesterday", "25.11.2026", "٢٠٢٦-99"])
def test_what_is_no_date_is_taken_as_words(value: str) -> None:
    found = read(f"before:{value}")
    assert found.criteria == ()
    assert found.text == f"before:{value}"
    assert [note.problem for note in found.notes] == [Problem.BAD_DATE]


@pytest.mark.parametrize(
    ("text", "written", "problem"),
    [
        ("stge:lost", "stge:lost", Problem.UNKNOWN_OPERATOR),
        ("reason:rain", "reason:rain", Problem.UNKNOWN_VALUE),
        ("status: venter", "status:", Problem.NO_VALUE),
        ("after:2026 before:2025", "before:2025", Problem.CONTRADICTORY),
        ("reason:silent -reason:silent", "-reason:silent", Problem.CONTRADICTORY),
        ("status:trying -status:open", "-status:open", Problem.CONTRADICTORY),
        ('"fast pris" -"fast pris"', '-"fast pris"', Problem.CONTRADICTORY),
        ("pris -pris", "-pris", Problem.CONTRADICTORY),
        ("-pris pris", "-pris", Problem.CONTRADICTORY),
        ("after:2026-05 -after:2026-03", "-after:2026-03", Problem.CONTRADICTORY),
        ('"fast pris', '"fast', Problem.OPEN_QUOTE),
        ("-og", "-og", Problem.TOO_COMMON),
        ('"' + "ord " * 50 + '"', '"' + "ord " * 50 + '"', Problem.TOO_LONG),
        (f"tag:{'x' * 500}", f"tag:{'x' * 500}", Problem.TOO_LONG),
    ],
)
def test_what_cannot_be_read_is_searched_for_and_named(text: str, written: str, problem: Problem) -> None:
    assert problems(text) == [(written, problem)]
    assert set(split_words(written)) <= set(split_words(read(text).text))


def test_a_note_says_what_may_have_been_meant() -> None:
    [note] = read("stge:lost").notes
    assert note.meant == "stage:"
    [note] = read("reason:champion").notes
    assert note.meant == 'reason:"champion left"'


def test_there_is_an_end_to_filters() -> None:
    found = read(" ".join(f"tag:t{n}" for n in range(MOST_OPERATORS + 5)))
    assert len(found.taken) == MOST_OPERATORS
    assert {note.problem for note in found.notes} == {Problem.TOO_MANY}


PIECES = st.sampled_from(
    [
        *NAMES,
        *"-:\"“”„«»&|!()*\\'",
        " ",
        "\n",
        "open",
        "silent",
        "2026",
        "2025-13",
        "og",
        "pris",
        "é",
        "🙂",
        "顧客",
        "::",
        "--",
    ]
)
QUERIES = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join))


@given(QUERIES)
@example('-"" "" ":" -: -:" status:"" -status:"x')
def test_any_text_is_read_and_no_word_is_lost(text: str) -> None:
    found = read(text)
    tokens = split_query(text)
    assert split_words(text) == [word for token in tokens for word in split_words(token.written)]
    kept = [token for token in found.taken if token.kind != "phrase"]
    words = sorted(split_words(text))
    assert words == sorted([*split_words(found.text), *(w for token in kept for w in split_words(token.written))])


@given(st.sampled_from(list(Operator)), st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1).map(str.strip))
def test_a_written_filter_is_read_as_it_was_meant(operator: Operator, value: str) -> None:
    if not value or len(value) > 100:
        return
    [token] = split_query(write_filter(operator, value))
    assert (token.operator, token.value) == (operator, value)


def test_no_name_means_two_things() -> None:
    assert len(NAMES) == len({fold_name(name) for name in NAMES})
    assert {operator.value for operator in Operator} <= set(NAMES)
