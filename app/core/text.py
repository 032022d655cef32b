"""Text as people send it: bounded, normalised, without control characters. Limits stand in docs/limits.md."""

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

ALLOWED_CONTROLS = {"\n", "\t"}

LINE_LIMIT = 140
NAME_LIMIT = 120
TEXT_LIMIT = 8_000
SHORT_TEXT_LIMIT = 2_000


def normalise_text(value: Any) -> Any:
    """Line ends as one character, composed letters, no white space around."""
    if not isinstance(value, str):
        return value
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def drop_blank(value: Any) -> Any:
    """An empty field of a form or an address is no value."""
    return None if value == "" else value


def refuse_control_characters(value: str) -> str:
    for character in value:
        if character not in ALLOWED_CONTROLS and unicodedata.category(character) in {"Cc", "Cs"}:
            raise PydanticCustomError("control_character", "Contains a control character")
    return value


def refuse_line_breaks(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise PydanticCustomError("line_break", "Must stand on one line")
    return value


def one_line(most: int, least: int = 0) -> tuple[Any, ...]:
    """What makes a `str` one line of so many characters, counted after it was normalised."""
    return (*paragraphs(most, least), AfterValidator(refuse_line_breaks))


def paragraphs(most: int, least: int = 0) -> tuple[Any, ...]:
    """What makes a `str` a text of so many characters, counted after it was normalised."""
    # The limits stand first: behind a validator they would be those of any collection, with a list's messages.
    return (
        StringConstraints(min_length=least or None, max_length=most),
        BeforeValidator(normalise_text),
        AfterValidator(refuse_control_characters),
    )


Line = Annotated[str, *one_line(LINE_LIMIT)]
"""One line of at most 140 characters; may be empty."""

WrittenLine = Annotated[str, *one_line(LINE_LIMIT, least=1)]
"""One line of 1 to 140 characters."""

Name = Annotated[str, *one_line(NAME_LIMIT, least=1)]
"""One line of 1 to 120 characters."""

ShortText = Annotated[str, *paragraphs(SHORT_TEXT_LIMIT)]
"""A paragraph of at most 2,000 characters; may be empty."""

WrittenShortText = Annotated[str, *paragraphs(SHORT_TEXT_LIMIT, least=1)]
"""A paragraph of 1 to 2,000 characters."""

Text = Annotated[str, *paragraphs(TEXT_LIMIT)]
"""A story of at most 8,000 characters; may be empty."""

WrittenText = Annotated[str, *paragraphs(TEXT_LIMIT, least=1)]
"""A story of 1 to 8,000 characters."""
