from hypothesis import given
from hypothesis import strategies as st

from app.similar.passages import CaseText, PracticeText, Section, cut_case, cut_practice, cut_text, fold_stem

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


def test_each_section_is_a_passage_and_an_empty_one_is_none() -> None:
    story, *pieces = cut_case(
        CaseText(
            language="nb",
            title="Stille etter tilbudet",
            obstacle_names=["Kunden er stille"],
            situation="De svarer ikke.",
            worked="  \n ",
            questions=[("Hvem taper på at ingenting skjer?", "")],
            plans=[("Be om et møte på gulvet.", "Se på én time sammen med oss.")],
        )
    )
    assert (story.section, story.text) == (Section.STORY, "Stille etter tilbudet. De svarer ikke.")
    assert [(piece.section, piece.text) for piece in pieces] == [
        (Section.OBSTACLE, "Stille etter tilbudet. Kunden er stille."),
        (Section.SITUATION, "Stille etter tilbudet. De svarer ikke."),
        (Section.QUESTIONS, "Hvem taper på at ingenting skjer?"),
        (Section.PLANS, "Be om et møte på gulvet. Se på én time sammen med oss."),
    ]
    assert {piece.language for piece in pieces} == {"nb"}


def test_a_practice_is_cut_by_its_own_sections() -> None:
    pieces = cut_practice(PracticeText(language="sv", title="Ring", what_to_do="Ring igen.", when_not_to="Aldrig."))
    assert [piece.section for piece in pieces] == [
        Section.STORY,
        Section.WHEN_TO_USE,
        Section.WHAT_TO_DO,
        Section.WHY_IT_WORKED,
    ]


def test_long_texts_are_cut_between_sentences() -> None:
    sentence = "Dette er en setning på sju ord. "
    pieces = cut_text(sentence * 50, words=20)
    assert all(piece.endswith("ord.") for piece in pieces)
    assert all(len(piece.split()) == 14 for piece in pieces)


@given(TEXTS, st.integers(1, 30))
def test_cutting_loses_no_word_and_makes_no_empty_piece(text: str, words: int) -> None:
    pieces = cut_text(text, words=words)
    assert " ".join(pieces).split() == text.split()
    assert all(0 < len(piece.split()) <= words for piece in pieces)


def test_the_same_text_in_another_language_is_another_passage() -> None:
    norwegian, swedish = (cut_case(CaseText(language=language, title="Pris"))[0] for language in ("nb", "sv"))
    assert norwegian.content_hash != swedish.content_hash


def test_nordic_letters_are_spelt_out() -> None:
    assert fold_stem("løsning") == fold_stem("lösning") == "loesning"
    assert fold_stem("påvirk") == "paavirk"
