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


def refuse_control_characters(value: str) -> str:
    for character in value:
        if character not in ALLOWED_CONTROLS and unicodedata.category(character) in {"Cc", "Cs"}:
            raise PydanticCustomError("control_character", "Contains a control character")
    return value


def refuse_line_breaks(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise PydanticCustomError("line_break", "Must stand on one line")
    return value


Line = Annotated[
    str,
    StringConstraints(max_length=LINE_LIMIT),
    BeforeValidator(normalise_text),
    AfterValidator(refuse_control_characters),
    AfterValidator(refuse_line_breaks),
]
"""One line of at most 140 characters; may be empty."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_LIMIT),
    BeforeValidator(normalise_text),
    AfterValidator(refuse_control_characters),
    AfterValidator(refuse_line_breaks),
]
"""One line of 1 to 120 characters."""

ShortText = Annotated[
    str,
    StringConstraints(max_length=SHORT_TEXT_LIMIT),
    BeforeValidator(normalise_text),
    AfterValidator(refuse_control_characters),
]
"""A paragraph of at most 2,000 characters; may be empty."""

Text = Annotated[
    str,
    StringConstraints(max_length=TEXT_LIMIT),
    BeforeValidator(normalise_text),
    AfterValidator(refuse_control_characters),
]
"""A story of at most 8,000 characters; may be empty."""
