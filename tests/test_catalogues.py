"""Every text of the interface stands in both catalogues, with the same placeholders."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.core.i18n import CATALOGUES
from app.core.templating import ROOT

METHODS = [("app/**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "mark": None}
JINJA = {"trimmed": "true", "extensions": "jinja2.ext.i18n"}
OPTIONS = {"templates/**.html": JINJA, "templates/**.txt": JINJA}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")


def is_searched(directory: str) -> bool:
    """Folders such as templates/_macros too, which Babel passes over unless told."""
    return not Path(directory).name.startswith(".")


@pytest.fixture(scope="module")
def messages() -> set[str]:
    found = extract_from_dir(str(ROOT), METHODS, OPTIONS, KEYWORDS, directory_filter=is_searched)
    return {text if isinstance(text, str) else text[0] for _file, _line, text, *_rest in found}


def read_catalogue(language: str) -> Catalog:
    with Path(CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", ["nb", "sv"])
def test_no_text_is_missing(language: str, messages: set[str]) -> None:
    catalogue = read_catalogue(language)
    missing = {text for text in messages if not (message := catalogue.get(text)) or not message.string or message.fuzzy}
    assert missing == set()


@pytest.mark.parametrize("language", ["nb", "sv"])
def test_placeholders_survive_translation(language: str) -> None:
    for message in read_catalogue(language):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        targets = [message.string] if isinstance(message.string, str) else list(message.string or ())
        for target in targets[-1:]:
            assert sorted(PLACEHOLDER.findall(source)) == sorted(PLACEHOLDER.findall(target)), source


@pytest.mark.parametrize("language", ["nb", "sv"])
def test_nothing_is_translated_that_is_no_longer_said(language: str, messages: set[str]) -> None:
    translated = {message.id if isinstance(message.id, str) else message.id[0] for message in read_catalogue(language)}
    assert translated - messages - {""} == set()
