import pytest

from app.embeddings.language import detect_language, detect_other_language, prepare_detection

LINES = [
    ("nb", "Kunden svarer ikke"),
    ("nb", "Tilbudet ligger hos innkjøp"),
    ("nb", "Har noen hatt dette før?"),
    ("nb", "Innkjøpssjefen vil ha 15 % rabatt, ellers går de til konkurrenten"),
    ("nb", "Avtalen stopper hos juridisk avdeling"),
    ("nb", "Champion sluttet i august, ny leder vil vente"),
    ("nb", "Kan ikke komme i kontakt med beslutningstaker"),
    ("nb", "Eg veit ikkje korleis vi kjem vidare med kunden"),
    ("sv", "Kunden svarar inte"),
    ("sv", "Offerten ligger hos inköp"),
    ("sv", "Tyst efter demon"),
    ("sv", "Avtalet fastnar hos juristerna"),
    ("sv", "Vår kontakt slutade i somras"),
    ("sv", "De vill vänta till efter årsskiftet"),
    ("en", "Customer went silent"),
    ("en", "Procurement wants a 15% discount"),
    ("en", "Deal stuck in negotiation"),
    ("en", "They are happy with their current vendor"),
]


@pytest.fixture(scope="module", autouse=True)
def detection() -> None:
    prepare_detection()


@pytest.mark.parametrize("default", ["nb", "sv", "en"])
@pytest.mark.parametrize(("language", "text"), LINES)
def test_a_line_is_enough(language: str, text: str, default: str) -> None:
    assert detect_language(text, default) == language


@pytest.mark.parametrize("default", ["nb", "sv", "en"])
@pytest.mark.parametrize(
    "text",
    ["", "  \n", "123 456", "pris", "kari@nordavind.example", "🙂", "\0", "Asiakas ei vastaa enää tarjouksen jälkeen"],
)
def test_what_does_not_tell_is_in_the_default(text: str, default: str) -> None:
    assert detect_language(text, default) == default


def test_a_long_text_with_foreign_names_keeps_its_language() -> None:
    text = "Harrow Logistics and Bakkely Transport both asked for the pilot, but Tindlys Hotelldrift said no. " * 40
    assert detect_language(text, "nb") == "en"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vores kontakt hos grossisten har sagt op, og efterfølgeren svarer ikke på vores henvendelser.", "da"),
        ("Yhteyshenkilömme tukkukaupassa irtisanoutui, eikä hänen seuraajansa tunne asiaa eikä vastaa.", "fi"),
        ("Kontakten vår hos grossisten sa opp. Etterfølgeren kjenner ikke saken og svarer ikke.", None),
        ("Inköpschefen som drev frågan har slutat. Hans efterträdare vet inget om oss.", None),
        ("Systemeier hos kunden svarer.", None),
        ("", None),
    ],
)
def test_danish_and_finnish_are_told_apart_where_they_are_sure(text: str, expected: str | None) -> None:
    assert detect_other_language(text) == expected
