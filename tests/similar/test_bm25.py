import math

from hypothesis import given
from hypothesis import strategies as st

from app.similar.bm25 import SATURATION, PassageWords, TermCounter
from app.similar.vocabulary import Term

COUNTER = TermCounter(
    [
        Term(("pris",), 4.0, 1.0),
        Term(("kund",), 2.0, 1.0),
        Term(("avtal", "avtaler"), 1.0, 1.0),
        Term(("kundemoet",), 5.0, 0.0, near=(("kund", "moet"),), near_information=3.0),
    ]
)
INFORMATION = 12.0

passages = st.builds(
    COUNTER.count,
    st.dictionaries(st.sampled_from(["pris", "kund", "avtal", "avtaler", "møt", "kundemøt"]), st.integers(1, 200)),
    st.integers(1, 500),
    is_heading=st.booleans(),
)
texts = st.lists(st.lists(passages, max_size=4), max_size=6)


@given(texts)
def test_what_a_text_tells_is_bounded_by_the_words_that_were_asked_for(told: list[list[PassageWords]]) -> None:
    scores = COUNTER.score(told)
    assert len(scores) == len(told)
    assert all(0 <= score <= (SATURATION + 1) * INFORMATION for score in scores)
    assert all(COUNTER.tell(passage) <= INFORMATION for text in told for passage in text)


@given(st.integers(1, 50), st.integers(1, 50))
def test_a_word_that_stands_more_often_tells_more(times: int, more: int) -> None:
    seldom, often = COUNTER.score([[COUNTER.count({"pris": times}, 80)], [COUNTER.count({"pris": times + more}, 80)]])
    assert seldom < often


def test_words_of_all_passages_count_together() -> None:
    apart = [COUNTER.count({"pris": 1}, 40), COUNTER.count({"kund": 1}, 40)]
    alone = [COUNTER.count({"pris": 1}, 80)]
    both, one = COUNTER.score([apart, alone])
    assert both > one


def test_a_heading_says_again_what_the_text_says() -> None:
    told = COUNTER.count({"pris": 2}, 80)
    repeated = [told, COUNTER.count({"pris": 1}, 0, is_heading=True)]
    said_thrice = [COUNTER.count({"pris": 3}, 80)]
    with_heading, without, thrice = COUNTER.score([repeated, [told], said_thrice])
    assert with_heading == without < thrice


def test_a_longer_text_tells_less_by_the_same_words() -> None:
    short, long = COUNTER.score([[COUNTER.count({"pris": 1}, 40)], [COUNTER.count({"pris": 1}, 400)]])
    assert short > long


def test_all_of_what_is_near_to_a_word_is_a_hint_of_it() -> None:
    hint, part = COUNTER.count({"kund": 4, "møt": 1}, 80), COUNTER.count({"kund": 4}, 80)
    assert math.isclose(COUNTER.tell(hint) - COUNTER.tell(part), 3.0)
    whole = COUNTER.count({"kundemøt": 1, "kund": 4, "møt": 1}, 80)
    assert math.isclose(COUNTER.tell(whole) - COUNTER.tell(part), 5.0)
    scores = COUNTER.score([[hint], [part], [whole]])
    assert scores[1] < scores[0] < scores[2]


def test_a_stem_counts_once_in_all_its_forms_and_spellings() -> None:
    assert COUNTER.count({"kundemøt": 3, "kundemoet": None, "kundemot": None}, 80).times == {3: 3}
    assert COUNTER.count({"avtal": 2, "avtaler": 1}, 80).times == {2: 2}
