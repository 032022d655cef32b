"""Whatever people paste, a text comes out bounded and clean, or with a message that says what to mend."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.text import LINE_LIMIT, TEXT_LIMIT, Line, Text

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
