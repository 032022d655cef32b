"""Whatever people paste, a text comes out bounded and clean, or with a message that says what to mend."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.cases.plans.schemas import StepText
from app.cases.schemas import Tag
from app.core.forms import explain
from app.core.text import LINE_LIMIT, TEXT_LIMIT, Line, Name, Text, WrittenLine, WrittenShortText, WrittenText
from app.deals.schemas import DealFacts

LINES = TypeAdapter(Line)
TEXTS = TypeAdapter(Text)


@given(st.text())
def test_a_text_is_clean_or_refused(raw: str) -> None:
    try:
        text = TEXTS.validate_python(raw)
    except ValidationError:
        assert len(raw) > TEXT_LIMIT or [c for c in raw if unicodedata.category(c) in {"Cc", "Cs"}]
        return
    assert len(text) <= TEXT_LIMIT
    assert text == text.strip()
    assert "\r" not in text
    assert unicodedata.is_normalized("NFC", text)
    assert not [c for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t"]


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=LINE_LIMIT))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    try:
        once = LINES.validate_python(raw)
    except ValidationError:
        return
    assert LINES.validate_python(once) == once


@pytest.mark.parametrize("raw", ["nul\x00inside", "escape\x1b[31m", "bell\x07", "\ud800 lone surrogate"])
def test_control_characters_are_refused(raw: str) -> None:
    with pytest.raises(ValidationError):
        TEXTS.validate_python(raw)


def test_a_line_has_no_breaks() -> None:
    with pytest.raises(ValidationError, match="one line"):
        LINES.validate_python("first\nsecond")


def test_windows_line_ends_are_counted_once() -> None:
    assert TEXTS.validate_python("a\r\nb\rc") == "a\nb\nc"


@pytest.mark.parametrize("kind", [Name, WrittenLine, WrittenShortText, WrittenText, StepText, Tag])
@pytest.mark.parametrize("raw", ["", " \n "])
def test_an_empty_text_that_is_needed_is_asked_for(kind: Any, raw: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(kind).validate_python(raw)
    assert [explain(error) for error in refusal.value.errors()] == ["Fill this in."]


@pytest.mark.parametrize(("kind", "most"), [(Line, 140), (Name, 120), (WrittenText, 8000), (StepText, 500), (Tag, 60)])
def test_a_long_text_is_told_how_long_it_may_be(kind: Any, most: int) -> None:
    text = "å" * most
    assert TypeAdapter(kind).validate_python(f" {text} ") == text
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(kind).validate_python(text + "n")
    assert [explain(error) for error in refusal.value.errors()] == [f"Use at most {most} characters."]


def test_the_facts_of_a_deal_say_what_to_mend() -> None:
    with pytest.raises(ValidationError) as refusal:
        DealFacts.model_validate({"amount": "480 000,505", "currency": "kroner", "source": "x" * 61})
    assert [explain(error) for error in refusal.value.errors()] == [
        "Use at most two decimals.",
        "Use the three letters of a currency, such as NOK.",
        "Use at most 60 characters.",
    ]
