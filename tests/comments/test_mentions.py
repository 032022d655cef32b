from uuid import uuid4

import pytest

from app.comments.mentions import Mentionable, find_mentions, mark_mentions

KARI = Mentionable(uuid4(), "Kari Myhre")
KARI_LIE = Mentionable(uuid4(), "Kari Myhre Lie")
ASA = Mentionable(uuid4(), "Åsa Ek")
ASA_TOO = Mentionable(uuid4(), "Åsa Ek")
JONAS = Mentionable(uuid4(), "Jonas Vik")
OSLO = Mentionable(uuid4(), "Oslo", is_team=True)
EVERYBODY = [KARI, KARI_LIE, ASA, ASA_TOO, JONAS, OSLO]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Kari Myhre knows them.", [KARI]),
        ("Ask @kari myhre lie, or @OSLO.", [KARI_LIE, OSLO]),
        ("@Jonas and @Jonas Vik are one.", [JONAS]),
        ("@Kari is two people here.", []),
        ("@Åsa Ek is two, and both are told.", [ASA, ASA_TOO]),
        ("(@Jonas)", [JONAS]),
        ("post@Oslo, @Jonasson and @ Jonas", []),
        ("@Kari Myhrene", []),
        ("@", []),
    ],
)
def test_who_is_named(text: str, named: list[Mentionable]) -> None:
    assert [found for found, _written in find_mentions(text, EVERYBODY)] == named


def test_marked_text_is_escaped() -> None:
    marked = mark_mentions("<b> @Jonas & post@Jonas, @Jonas Vik", ["Jonas Vik", "Jonas"])
    whole, first = (f'<strong class="mention">@{name}</strong>' for name in ("Jonas Vik", "Jonas"))
    assert marked == f"&lt;b&gt; {first} &amp; post@Jonas, {whole}"
