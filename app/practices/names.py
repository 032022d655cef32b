"""Names that do not belong in a shared story: who the customer is, who is involved, and how to reach them.

Pure, and linear in the length of the text. It warns; a person decides.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class NameKind(StrEnum):
    """In the order in which they claim a piece of text that could be several of them."""

    EMAIL = "email"
    URL = "url"
    ORGANISATION_NUMBER = "organisation_number"
    PHONE = "phone"
    CUSTOMER = "customer"
    PERSON = "person"


@dataclass(frozen=True)
class FoundName:
    """`text[start:end]` is what was found."""

    kind: NameKind
    text: str
    start: int
    end: int


_WORDS = tomllib.loads((Path(__file__).parent / "company_words.toml").read_text(encoding="utf-8"))
UNNAMED_WORDS = frozenset(f"{_WORDS['legal_forms']} {_WORDS['joining_words']}".split())
GENERIC_WORDS = frozenset(_WORDS["generic_words"].split())

SPACE = r"[ \u00a0\u202f\u2009]"
GAP = r"[ \u00a0\u202f\u2009.\-]?"
SHORT_WORD = 3
COMPOUND_WORD = 5
"""From this length on, a name is also found as the first part of a compound: Havnelastavtalen."""

ENDING = r"(?:['\u2019:\-]?(?:s|en|ens|et|ets|n)(?!\w))?"
LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]"
EMAIL = re.compile(rf"(?<!{LOCAL}){LOCAL}{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}})+")
URL = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]*[\w/]"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.)+(?:no|se|dk|fi|is|com|net|org|io|eu|de|nu|uk|app|cloud)(?![\w-])(?:/[^\s<>\"]*[\w/])?"
)
PHONE = re.compile(
    rf"(?<![\w+])(?:\+|00){SPACE}?[1-9](?:[ \u00a0\u202f\u2009.()\-]{{0,3}}\d){{7,13}}(?!\d)"
    rf"|(?<!\d)[2-9]\d(?P<pairs>{GAP})\d\d(?P=pairs)\d\d(?P=pairs)\d\d(?!\d)"
    rf"|(?<!\d)[2-9]\d\d(?P<threes>{GAP})\d\d(?P=threes)\d\d\d(?!\d)"
    rf"|(?<![\d.,\-])(?!\d{{4}}-\d{{4}}(?!\d))0\d(?:[ \u00a0\u202f\u2009\-/]{{0,2}}\d){{6,9}}(?!\d)"
)
DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
NORWEGIAN = re.compile(rf"(?<!\d)\d{{3}}(?P<gap>{GAP})\d{{3}}(?P=gap)\d{{3}}(?!\d)")
SWEDISH = re.compile(r"(?<!\d)(?:16|19|20)?\d{6}-?\d{4}(?:01)?(?!\d)")
DANISH = re.compile(rf"(?<!\d)[1-9]\d(?P<gap>{GAP})\d\d(?P=gap)\d\d(?P=gap)\d\d(?!\d)")
FINNISH = re.compile(r"(?<!\d)\d{7}-\d(?!\d)|(?<=FI)\d{8}(?!\d)")


def find_names(text: str, *, customer: str = "", people: Iterable[str] = ()) -> list[FoundName]:
    """What in the text names the customer, one of the people, or a way to reach anybody.

    In the order of the text. None overlap: the longer one stands, among equally long ones the earlier kind.
    """
    candidates = [
        FoundName(kind, text[start:end], start, end)
        for kind, spans in _search(text, customer, people)
        for start, end in spans
    ]
    free = bytearray(b"1" * len(text))
    found = []
    for name in sorted(candidates, key=lambda name: name.start - name.end):
        if b"0" not in free[name.start : name.end]:
            free[name.start : name.end] = b"0" * len(name.text)
            found.append(name)
    return sorted(found, key=lambda name: name.start)


def _search(text: str, customer: str, people: Iterable[str]) -> Iterator[tuple[NameKind, Iterator[tuple[int, int]]]]:
    yield NameKind.EMAIL, _spans(EMAIL, text)
    yield NameKind.URL, _spans(URL, text)
    for pattern, is_valid in NUMBERS:
        yield NameKind.ORGANISATION_NUMBER, _spans(pattern, text, is_valid)
    yield NameKind.PHONE, _spans(PHONE, text, lambda found: not DAY.fullmatch(found))
    if words := compile_customer(customer):
        yield NameKind.CUSTOMER, _spans(words, text)
    if names := compile_people(people):
        yield NameKind.PERSON, _spans(names, text)


def _spans(
    pattern: re.Pattern[str], text: str, is_valid: Callable[[str], bool] = lambda _found: True
) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(text) if is_valid(match[0]))


def list_significant_words(customer: str) -> list[str]:
    """The words of a company's name by which people know it: `Havnelast` of `Havnelast Transport AS`."""
    words = re.findall(r"[\w/]+(?:-[\w/]+)*", customer)
    named = [word for word in words if word.lower() not in UNNAMED_WORDS and not word.isdigit()]
    proper = [word for word in named if word.lower() not in GENERIC_WORDS and not word.islower()]
    return [word for word in proper or named if len(word) >= SHORT_WORD or (len(word) > 1 and word.isupper())]


def compile_customer(customer: str) -> re.Pattern[str] | None:
    """The whole name, then its significant words, with their endings. Short words count only as they are written."""
    whole = r"[\s\-]+".join(re.escape(word) for word in customer.split())
    if len(customer.strip()) < 2:  # noqa: PLR2004 - a single letter names nobody.
        return None
    parts = [f"{whole}{ENDING}" if len(customer.strip()) <= SHORT_WORD else f"(?i:{whole}{ENDING})"]
    for word in list_significant_words(customer):
        written = re.escape(word)
        if len(word) >= COMPOUND_WORD:
            parts.append(rf"(?i:{re.escape(word.removesuffix('s'))}\w*{ENDING})")
        elif len(word) > SHORT_WORD:
            parts.append(f"(?i:{written}{ENDING})")
        else:
            parts.append(f"{written}{ENDING}")
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


def compile_people(people: Iterable[str]) -> re.Pattern[str] | None:
    """Full names however written, and first and last names as names are written."""
    parts: list[str] = []
    for name in people:
        words = name.split()
        whole = r"[\s\-]+".join(re.escape(word) for word in words)
        parts += [f"(?i:{whole})"] if len(words) > 1 else []
        parts += [re.escape(word) for word in words if len(word) >= SHORT_WORD and not word.islower()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?:['\u2019]?s)?(?!\w)") if parts else None


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdecimal()]


def _weigh(digits: Iterable[int], weights: Iterable[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def is_norwegian_number(text: str) -> bool:
    """Nine digits, the last a mod-11 check."""
    digits = _digits(text)
    return len(digits) == 9 and _weigh(digits, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0  # noqa: PLR2004


def is_swedish_number(text: str) -> bool:
    """Ten digits by Luhn; before them a century, after them the 01 of a VAT number."""
    digits = _digits(text)
    starts = (0, 2) if len(digits) == 12 else (0,)  # noqa: PLR2004
    return any(_is_luhn(digits[start : start + 10]) for start in starts)


def _is_luhn(digits: list[int]) -> bool:
    doubled = (sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return sum(doubled) % 10 == 0


def is_danish_number(text: str) -> bool:
    """Eight digits, weighed sum divisible by 11."""
    digits = _digits(text)
    return len(digits) == 8 and _weigh(digits, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0  # noqa: PLR2004


def is_finnish_number(text: str) -> bool:
    """Seven digits and a mod-11 check."""
    digits = _digits(text)
    return len(digits) == 8 and _weigh(digits, (7, 9, 10, 5, 8, 4, 2, 1)) % 11 == 0  # noqa: PLR2004


NUMBERS = (
    (NORWEGIAN, is_norwegian_number),
    (SWEDISH, is_swedish_number),
    (FINNISH, is_finnish_number),
    (DANISH, is_danish_number),
)
