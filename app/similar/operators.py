"""What somebody types into the search, in parts: filters, exact phrases, words to leave out, and words. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Literal

from app.similar.passages import SPELT_OUT, split_words


class Operator(StrEnum):
    """What stands before the colon, as we write it ourselves."""

    STATE = "status"
    OBSTACLE = "reason"
    STAGE = "stage"
    OUTCOME = "outcome"
    INDUSTRY = "industry"
    PRODUCT = "product"
    TEAM = "team"
    OWNER = "by"
    TAG = "tag"
    LANGUAGE = "lang"
    AFTER = "after"
    BEFORE = "before"


ALIASES: Mapping[Operator, str] = {
    Operator.STATE: "status state tilstand läge",
    Operator.OBSTACLE: "reason obstacle årsak orsak hindring hinder",
    Operator.STAGE: "stage fase fas",
    Operator.OUTCOME: "outcome utfall",
    Operator.INDUSTRY: "industry bransje bransch",
    Operator.PRODUCT: "product produkt",
    Operator.TEAM: "team lag",
    Operator.OWNER: "by owner av eier ägare",
    Operator.TAG: "tag merke tagg etikett",
    Operator.LANGUAGE: "lang language språk",
    Operator.AFTER: "after etter efter since siden sedan",
    Operator.BEFORE: "before før före",
}
"""As people call them in our three languages."""

FREE = frozenset({Operator.PRODUCT, Operator.TAG})
"""Any value may stand there: whether it exists is nobody's to learn."""
DATES = frozenset({Operator.AFTER, Operator.BEFORE})

MOST_PHRASE_WORDS = 20
LONGEST_VALUE = 120
ALIKE = 0.7
"""So alike is what may have been meant (`difflib`'s ratio)."""


class Problem(StrEnum):
    """Why something was taken as words."""

    UNKNOWN_OPERATOR = "unknown_operator"
    NO_VALUE = "no_value"
    UNKNOWN_VALUE = "unknown_value"
    BAD_DATE = "bad_date"
    CONTRADICTORY = "contradictory"
    OPEN_QUOTE = "open_quote"
    TOO_COMMON = "too_common"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class Token:
    """A part of what was typed. `value` is what stands in it without quotes, colon and minus."""

    kind: Literal["words", "filter", "phrase", "without"]
    written: str
    value: str
    operator: Operator | None = None
    excluded: bool = False
    problem: Problem | None = None
    meant: str = ""
    """What may have been meant."""

    def refuse(self, problem: Problem, meant: str = "") -> "Token":
        return replace(self, kind="words", problem=problem, meant=meant)


@dataclass(frozen=True)
class Wording:
    """Words that stand together just so; or, not exact, one word in any of its forms."""

    words: tuple[str, ...]
    """In lower case."""
    exact: bool
    excluded: bool = False


def fold_name(text: str) -> str:
    """The same for all the ways a name is written: case, hyphens, å as aa."""
    return " ".join(re.split(r"[\s_-]+", text.casefold().translate(SPELT_OUT))).strip()


NAMES: Mapping[str, Operator] = {
    fold_name(alias): operator for operator, aliases in ALIASES.items() for alias in aliases.split()
}

QUOTE = '["“”„‟«»]'
INSIDE = '[^"“”„‟«»]*'
TOKEN = re.compile(
    rf"(?P<minus>-?)(?P<name>[^\W\d_]{{2,20}}):(?:{QUOTE}(?P<quoted>{INSIDE}){QUOTE}|(?P<bare>[^\s\"“”„‟«»]\S*))?"
    rf"|(?P<without>-?){QUOTE}(?P<phrase>{INSIDE}){QUOTE}"
    r"|\S+"
)
EXCLUDED_WORD = re.compile(r"-(?=[^\W\d_])")


def split_query(text: str) -> list[Token]:
    """The parts of a query, in order; every word stands in one of them."""
    return [_read_token(found) for found in TOKEN.finditer(text)]


def _read_token(found: re.Match[str]) -> Token:
    written = found.group()
    if found["name"]:
        return _read_filter(found, written)
    if found["phrase"] is not None:
        excluded = bool(found["without"])
        kind: Literal["without", "phrase"] = "without" if excluded else "phrase"
        return _bound(Token(kind, written, found["phrase"], excluded=excluded))
    if EXCLUDED_WORD.match(written):
        return _bound(Token("without", written, written[1:], excluded=True))
    opened = re.match(rf"-?{QUOTE}\w", written)
    return Token("words", written, written, problem=Problem.OPEN_QUOTE if opened else None)


def _read_filter(found: re.Match[str], written: str) -> Token:
    operator = NAMES.get(fold_name(found["name"]))
    quoted, bare = found["quoted"], found["bare"] or ""
    value = quoted.strip() if quoted is not None else bare.rstrip(".,;!?)")
    token = Token("filter", written, value, operator, excluded=bool(found["minus"]))
    if operator is None:
        words = Token("words", written, written)
        meant = get_close_matches(fold_name(found["name"]), NAMES, n=1, cutoff=ALIKE)
        # A colon after a word is no try at a filter, nor is an address.
        return (
            words.refuse(Problem.UNKNOWN_OPERATOR, *(NAMES[name] + ":" for name in meant)) if _is_try(value) else words
        )
    if not value:
        return token.refuse(Problem.NO_VALUE)
    return token.refuse(Problem.TOO_LONG) if len(value) > LONGEST_VALUE else token


def _is_try(value: str) -> bool:
    return value[:1].isalnum()


def _bound(token: Token) -> Token:
    words = split_words(token.value)
    if not words:
        return replace(token, kind="words")
    long = len(words) > MOST_PHRASE_WORDS or max(map(len, words)) > LONGEST_VALUE
    return token.refuse(Problem.TOO_LONG) if long else token


def read_wording(token: Token) -> Wording:
    """The phrase, or the word to leave out. A word with a hyphen in it is a phrase."""
    words = tuple(split_words(token.value))
    quoted = re.match(rf"-?{QUOTE}", token.written) is not None
    return Wording(words, exact=quoted or len(words) > 1, excluded=token.excluded)


def list_wordings(tokens: Iterable[Token]) -> list[Wording]:
    return [read_wording(token) for token in tokens if token.kind in {"phrase", "without"}]


def write_filter(operator: Operator, value: str, *, excluded: bool = False) -> str:
    """The filter as it is typed."""
    quoted = f'"{value}"' if re.search(r"\s", value) else value
    return f"{'-' if excluded else ''}{operator}:{quoted}"
