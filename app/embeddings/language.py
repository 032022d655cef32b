"""Which of our languages a text is written in."""

from functools import cache
from typing import Any

from app.core.i18n import LANGUAGES

SHORTEST = 20
"""Characters below which a guess is worth less than the default."""

NEIGHBOURS = {"no": "nb", "nn": "nb", "da": "nb", "sv": "sv", "en": "en"}
"""Danish short notes look Norwegian; we have no Danish."""


@cache
def _identifier() -> Any:
    # Loading takes a moment and some memory, so it waits for the first text.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(NEIGHBOURS))
    return identifier


def detect_language(text: str, default: str) -> str:
    """`nb`, `sv` or `en`; the default for a text too short to tell."""
    if len(text.strip()) < SHORTEST:
        return default if default in LANGUAGES else "en"
    found, _score = _identifier().classify(text)
    return NEIGHBOURS[found]
