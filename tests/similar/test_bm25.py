import math

from hypothesis import given
from hypothesis import strategies as st

from app.similar.bm25 import SATURATION, PassageWords, fold_counts, score_texts
from app.similar.vocabulary import Term

STEMS = ("pris", "kund", "avtal")
TERMS = [Term((stem,), information, 1.0) for stem, information in zip(STEMS, (4.0, 2.0, 1.0), strict=True)]
INFORMATION = math.fsum(term.information for term in TERMS)

passages = st.builds(
    PassageWords,
    counts=st.dictionaries(st.sampled_from([*STEMS, "annet"]), st.integers(1, 200)),
    length=st.integers(1, 500),
    is_heading=st.booleans(),
)
texts = st.lists(st.lists(passages, max_size=4), max_size=6)


@given(texts)
def test_what_a_text_tells_is_bounded_by_the_words_that_were_asked_for(told: list[list[PassageWords]]) -> None:
    scores = score_texts(told, TERMS)
    assert len(scores) == len(told)
    assert all(0 <= score <= (SATURATION + 1) * INFORMATION for score in scores)


@given(st.integers(1, 50), st.integers(1, 50))
def test_a_word_that_stands_more_often_tells_more(times: int, more: int) -> None:
    seldom, often = score_texts(
        [[PassageWords({"pris": times}, 80)], [PassageWords({"pris": times + more}, 80)]], TERMS
    )
    assert seldom < often


def test_words_of_all_passages_count_together() -> None:
    apart = [PassageWords({"pris": 1}, 40), PassageWords({"kund": 1}, 40)]
    alone = [PassageWords({"pris": 1}, 80)]
    both, one = score_texts([apart, alone], TERMS)
    assert both > one


def test_a_heading_says_again_what_the_text_says() -> None:
    told = PassageWords({"pris": 2}, 80)
    repeated = [told, PassageWords({"pris": 1}, 0, is_heading=True)]
    said_thrice = [PassageWords({"pris": 3}, 80)]
    with_heading, without, thrice = score_texts([repeated, [told], said_thrice], TERMS)
    assert with_heading == without < thrice


def test_a_longer_text_tells_less_by_the_same_words() -> None:
    short, long = score_texts([[PassageWords({"pris": 1}, 40)], [PassageWords({"pris": 1}, 400)]], TERMS)
    assert short > long


def test_what_is_near_to_a_word_is_a_hint_of_it() -> None:
    meeting = Term(("kundemøt",), 5.0, 0.0, near=(("kund", "møt"),), near_information=3.0)
    hint = PassageWords({"kund": 4, "møt": 1}, 80)
    part = PassageWords({"kund": 4}, 80)
    assert hint.tell([meeting]) == 3.0
    assert part.tell([meeting]) == 0.0
    assert score_texts([[hint], [part]], [meeting])[1] == 0.0


def test_a_stem_counts_once_in_all_its_spellings() -> None:
    assert fold_counts({"løsning": 3, "loesning": None, "losning": None}) == {"loesning": 3, "losning": 1}
