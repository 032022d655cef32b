"""Languages: which one a request speaks, and the translations, read from the catalogues at start."""

import gettext as gettext_module
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Final = ("nb", "sv", "en")
LANGUAGE_NAMES: Final = {"nb": "Norsk", "sv": "Svenska", "en": "English"}
DEFAULT_LANGUAGE: Final = "en"
CATALOGUES: Final = Path(__file__).parent / "locales"

_current: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


@cache
def load_translations(language: str) -> gettext_module.NullTranslations:
    """The catalogue of a language. English is the language of the source and needs none."""
    path = CATALOGUES / f"{language}.po"
    if not path.exists():
        return gettext_module.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext_module.GNUTranslations(compiled)


def current_language() -> str:
    return _current.get()


def set_language(language: str) -> None:
    """Let the rest of this request or job speak this language."""
    _current.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)


@contextmanager
def use_language(language: str) -> Iterator[None]:
    token = _current.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)
    try:
        yield
    finally:
        _current.reset(token)


def gettext(message: str) -> str:
    """The message in the language of the request."""
    return load_translations(_current.get()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    return load_translations(_current.get()).ngettext(singular, plural, number)


def mark(message: str) -> str:
    """Mark a message for the catalogue without translating it yet."""
    return message


_ = gettext
N_ = mark


def guess_language(accept_language: str) -> str:
    """The best of our languages for a browser's Accept-Language header."""
    wanted = [part.split(";")[0].strip().replace("-", "_") for part in accept_language.split(",")]
    wanted = ["nb" if code.split("_")[0] in {"no", "nn", "nb"} else code for code in wanted if code]
    try:
        found = negotiate_locale(wanted, LANGUAGES)
    except (ValueError, TypeError):
        return DEFAULT_LANGUAGE
    return found or DEFAULT_LANGUAGE
