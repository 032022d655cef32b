import pytest

from app.revisions.diff import MOST_PAIRS, Op, compare


def mark(before: str, after: str) -> str:
    marks = {Op.SAME: "{}", Op.REMOVED: "[-{}-]", Op.ADDED: "[+{}+]"}
    return "".join(marks[piece.op].format(piece.text) for piece in compare(before, after))


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ("", "Ny plan", "[+Ny plan+]"),
        ("Borte", "", "[-Borte-]"),
        ("Samme ord", "Samme ord", "Samme ord"),
        ("De svarer ikke på e-post.", "De svarer ikke på telefon.", "De svarer ikke på [-e-post-][+telefon+]."),
        ("Leverandørgodkjenning", "Leverandørgodkjenninger", "[-Leverandørgodkjenning-][+Leverandørgodkjenninger+]"),
        (
            "Ring på måndag, inte idag",
            "Mejla på fredag, inte idag",
            "[-Ring -][+Mejla +]på [-måndag-][+fredag+], inte idag",
        ),
        ("one, two", "three, four", "[-one, two-][+three, four+]"),
        ("a b", "a\nb", "a\nb"),
    ],
)
def test_the_words_that_changed_are_marked(before: str, after: str, marked: str) -> None:
    assert mark(before, after) == marked


def test_what_was_not_removed_is_the_new_text() -> None:
    before = "They loved the demo.\n\nSince then nobody answers, neither mail nor phone."
    after = "They loved the demo and the price.\n\nNobody answers mail."
    pieces = compare(before, after)
    assert "".join(piece.text for piece in pieces if piece.op is not Op.REMOVED) == after


def test_texts_too_long_to_compare_are_shown_as_replaced() -> None:
    words = int(MOST_PAIRS**0.5) + 1
    assert [piece.op for piece in compare("a " * words, "b a " * words)] == [Op.REMOVED, Op.ADDED]
