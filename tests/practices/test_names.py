import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.practices.names import NameKind, find_names, list_significant_words

WORDS = st.text("abcdefghijklmnopqrstuvwxyzæøåäö ", max_size=30).map(str.strip)
PROPER = st.from_regex(r"[A-ZÆØÅÄÖ][a-zæøåäö]{4,12}", fullmatch=True).filter(
    lambda word: list_significant_words(f"{word} AS") == [word]
)
ENDINGS = st.sampled_from(["", "s", "'s", "\u2019s", "ens", "-ens", "en", ":s", "avtalen", "-saken"])


def digits(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 9), min_size=count, max_size=count)


def with_mod_11(body: list[int], weights: tuple[int, ...]) -> str | None:
    check = -sum(digit * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return None if check > 9 else "".join(map(str, [*body, check]))


def with_luhn(body: list[int]) -> str:
    total = sum(sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(body))
    return "".join(map(str, [*body, -total % 10]))


NORWEGIAN = digits(8).map(lambda body: with_mod_11(body, (3, 2, 7, 6, 5, 4, 3, 2))).filter(bool).map(str)
FINNISH = digits(7).map(lambda body: with_mod_11(body, (7, 9, 10, 5, 8, 4, 2))).filter(bool).map(str)
DANISH = (
    digits(7)
    .filter(lambda body: body[0] != 0)
    .map(lambda body: with_mod_11(body, (2, 7, 6, 5, 4, 3, 2)))
    .filter(bool)
    .map(str)
)
SWEDISH = digits(9).map(with_luhn)


def written(number: st.SearchStrategy[str], *sizes: tuple[tuple[int, ...], str]) -> st.SearchStrategy[str]:
    """The number as one, or in groups."""

    def group(drawn: tuple[str, tuple[tuple[int, ...], str]]) -> str:
        text, (lengths, separator) = drawn
        starts = [sum(lengths[:place]) for place in range(len(lengths))]
        return separator.join(text[start : start + length] for start, length in zip(starts, lengths, strict=True))

    return st.tuples(number, st.sampled_from(sizes)).map(group)


ORGANISATION_NUMBERS = st.one_of(
    written(NORWEGIAN, ((9,), ""), ((3, 3, 3), " "), ((3, 3, 3), "\u00a0")),
    written(SWEDISH, ((10,), ""), ((6, 4), "-")),
    written(DANISH, ((8,), ""), ((2, 2, 2, 2), " ")),
    written(FINNISH, ((7, 1), "-")),
)
PHONES = st.one_of(
    written(st.from_regex(r"[2-9][0-9]{7}", fullmatch=True), ((2, 2, 2, 2), " "), ((3, 2, 3), " ")),
    written(st.from_regex(r"07[0-9]{8}", fullmatch=True), ((3, 3, 2, 2), " "), ((10,), "")),
    st.from_regex(r"0[1-9]-[1-9][0-9]{2} [0-9]{3} [0-9]{2}", fullmatch=True),
    st.from_regex(r"(\+|00)(47|46|45|358|44)[ -]?[1-9][0-9]( ?[0-9]{2}){3}", fullmatch=True),
)


@given(WORDS, ORGANISATION_NUMBERS, WORDS)
def test_every_organisation_number_is_found(before: str, number: str, after: str) -> None:
    found = find_names(f"{before} {number} {after}")
    assert [name.text for name in found] == [number]
    assert found[0].kind is NameKind.ORGANISATION_NUMBER


@given(WORDS, PHONES, WORDS)
def test_every_phone_number_is_found(before: str, number: str, after: str) -> None:
    assert [name.text for name in find_names(f"{before} {number} {after}")] == [number]


@given(st.emails(), WORDS)
def test_an_address_is_covered_whole(address: str, after: str) -> None:
    local, _at, domain = address.partition("@")
    found = find_names(f"write {address} {after}")
    assert any(domain.split(".")[0] in name.text for name in found if name.kind is NameKind.EMAIL)
    assert not any(name.text == local for name in found)


@given(PROPER, ENDINGS, WORDS, st.booleans())
def test_the_customer_is_found_however_it_ends(name: str, ending: str, after: str, shout: bool) -> None:  # noqa: FBT001
    text = f"hos {name.upper() if shout else name}{ending} {after}"
    found = find_names(text, customer=f"{name} Transport AS")
    assert found
    assert found[0].kind is NameKind.CUSTOMER
    assert found[0].start == len("hos ")
    assert found[0].text.lower().startswith(name.lower().removesuffix("s"))


@given(st.text(max_size=300), st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_gives_spans_in_order(text: str, customer: str, people: list[str]) -> None:
    found = find_names(text, customer=customer, people=people)
    assert all(text[name.start : name.end] == name.text != "" for name in found)
    assert all(first.end <= second.start for first, second in pairwise(found))


@pytest.mark.parametrize(
    "text",
    [
        "De betaler 480 000 kr, senere 1 280 000 kroner.",
        "Frist 2026-12-31, eller 31.12.2026 kl. 08:00-16:00, skift 0700-1500.",
        "Born 20261231 in the sheet. 12 000 000 NOK, 3,5 % and 10-12 % in 2026-2028.",
        "f.eks. to timer per båt per døgn",
    ],
)
def test_amounts_and_days_are_no_numbers_to_call(text: str) -> None:
    assert find_names(text, customer="Havnelast AS") == []


@pytest.mark.parametrize(
    ("customer", "words"),
    [
        ("Havnelast AS", ["Havnelast"]),
        ("Havnelast Transport AS", ["Havnelast"]),
        ("Sundfjell sykehus, kirurgisk klinikk", ["Sundfjell"]),
        ("Advokatfirmaet Bratvold Ruud & Skage", ["Bratvold", "Ruud", "Skage"]),
        ("Region Västerskogen", ["Västerskogen"]),
        ("DNB", ["DNB"]),
        ("", []),
    ],
)
def test_what_a_company_is_does_not_name_it(customer: str, words: list[str]) -> None:
    assert list_significant_words(customer) == words


def test_short_names_count_only_as_they_are_written() -> None:
    assert [name.text for name in find_names("If IF:s offer holds, iffy", customer="IF")] == ["IF:s"]
    assert find_names("The mossy stone", customer="Moss AS") == []


def test_people_are_found_by_each_of_their_names() -> None:
    found = find_names("Kari said that myhre's plan, Myhres plan, was kari myhre's.", people=["Kari Myhre"])
    assert [name.text for name in found] == ["Kari", "Myhres", "kari myhre's"]


def test_links_are_found() -> None:
    found = find_names("See https://havnelast.no/kaia, www.havnelast.no or havnelast.no.", customer="Havnelast AS")
    assert [name.text for name in found] == ["https://havnelast.no/kaia", "www.havnelast.no", "havnelast.no"]
    assert {name.kind for name in found} == {NameKind.URL}


@pytest.mark.parametrize("piece", ["a", "1 ", "0", "+", "a.a.", "a@", "www.", "1-", "00 1", "havnelast", "Hav-"])
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    text = (piece * 8000)[:8000]
    started = time.perf_counter()
    find_names(text, customer="Havnelast Hav AS", people=["Kari Myhre"])
    assert time.perf_counter() - started < 0.5
