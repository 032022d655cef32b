"""The parts of a query, read against what the organisation knows. Pure.

Nothing is refused: what is no filter that makes sense is searched for as words, and a note says so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from app.cases.workflow import State
from app.similar.operators import (
    ALIKE,
    DATES,
    FREE,
    Operator,
    Problem,
    Token,
    Wording,
    fold_name,
    read_wording,
    write_filter,
)
from app.similar.passages import split_words

MOST_OPERATORS = 20
MOST_NOTES = 10
FIRST_YEAR, LAST_YEAR = 1900, 2199

DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")

Value: TypeAlias = State | str | UUID | datetime


@dataclass(frozen=True)
class Known:
    """What operators can name, by folded name (see `fold_name`)."""

    values: Mapping[Operator, Mapping[str, frozenset[Value]]] = field(default_factory=dict)
    telling: frozenset[tuple[str, ...]] = frozenset()
    """Those of the phrases, and of the words to leave out, that hold more than the commonest words."""
    timezone: str = "Europe/Oslo"


@dataclass(frozen=True)
class Criterion:
    """Any of the values fits; or, excluded, none of them."""

    operator: Operator
    values: frozenset[Value]
    excluded: bool = False


@dataclass(frozen=True)
class ReadQuery:
    """A query as it was understood."""

    text: str
    """What is looked for by meaning and words, the phrases among it."""
    criteria: tuple[Criterion, ...] = ()
    wordings: tuple[Wording, ...] = ()
    tokens: tuple[Token, ...] = ()
    """All that was typed."""

    @property
    def taken(self) -> list[Token]:
        """What narrows the search."""
        return [token for token in self.tokens if token.kind != "words"]

    @property
    def notes(self) -> list[Token]:
        """What was taken as words although it looks like an operator; the first few."""
        return [token for token in self.tokens if token.problem is not None][:MOST_NOTES]

    def write_without(self, left_out: Token) -> str:
        """The query without a part of it."""
        return " ".join(token.written for token in self.tokens if token is not left_out)

    @property
    def has_phrase(self) -> bool:
        return any(not wording.excluded for wording in self.wordings)


def read_date(value: str, timezone: str) -> datetime | None:
    """The first moment of a day, a month or a year; None for anything else."""
    found = DATE.fullmatch(value)
    if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        return None
    try:
        day = date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        return None
    return datetime.combine(day, time(), ZoneInfo(timezone))


def read_tokens(text: str, tokens: Sequence[Token], known: Known) -> ReadQuery:
    """What is to be searched for, and how it is narrowed."""
    reader = _Reader(known, {tuple(split_words(token.value)) for token in tokens if token.kind == "words"})
    read = tuple(reader.read(token) for token in tokens)
    narrows = any(token.kind != "words" for token in read)
    return ReadQuery(
        text=" ".join(_list_texts(read)) if narrows else text.strip(),
        criteria=tuple(reader.list_criteria()),
        wordings=tuple(reader.wordings),
        tokens=read,
    )


def _list_texts(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.kind == "words":
            yield token.written
        elif token.kind == "phrase":
            yield token.value


class _Reader:
    """Reads one token after the other: each may contradict those before it."""

    def __init__(self, known: Known, words: set[tuple[str, ...]]) -> None:
        self.known = known
        self.words = words
        self.values: dict[tuple[Operator, bool], set[Value]] = {}
        self.wordings: list[Wording] = []
        self.taken = 0

    def read(self, token: Token) -> Token:
        """The token, or why it is taken as words."""
        if token.kind == "words":
            return token
        read = self._read_filter(token) if token.kind == "filter" else self._read_wording(token)
        self.taken += read.kind != "words"
        return read

    def list_criteria(self) -> Iterator[Criterion]:
        for (operator, excluded), values in self.values.items():
            if values:
                yield Criterion(operator, frozenset(values), excluded)

    def _read_filter(self, token: Token) -> Token:
        assert token.operator is not None
        values = self._find_values(token.operator, token.value)
        if not values:
            if token.operator in DATES:
                return token.refuse(Problem.BAD_DATE)
            return token.refuse(Problem.UNKNOWN_VALUE, self._guess(token.operator, token.value))
        if self.taken >= MOST_OPERATORS:
            return token.refuse(Problem.TOO_MANY)
        kept = self.values.setdefault((token.operator, token.excluded), set())
        new = values - kept
        kept |= new
        if self._is_impossible(token.operator):
            kept -= new
            return token.refuse(Problem.CONTRADICTORY)
        return token

    def _find_values(self, operator: Operator, value: str) -> frozenset[Value]:
        if operator in DATES:
            moment = read_date(value, self.known.timezone)
            return frozenset({moment}) if moment else frozenset()
        if operator in FREE:
            return frozenset({value.lower()})
        return self.known.values.get(operator, {}).get(fold_name(value), frozenset())

    def _guess(self, operator: Operator, value: str) -> str:
        """The filter that may have been meant."""
        names = [] if operator is Operator.OWNER else list(self.known.values.get(operator, {}))
        near = get_close_matches(fold_name(value), names, n=1, cutoff=ALIKE)
        begun = [name for name in names if name.startswith(fold_name(value))]
        return "".join(write_filter(operator, name) for name in (near or begun)[:1])

    def _is_impossible(self, operator: Operator) -> bool:
        """Nothing is left: each wanted value is excluded too, or the time ends before it begins."""
        wanted, unwanted = (self.values.get((operator, excluded), set()) for excluded in (False, True))
        if operator not in DATES:
            return bool(wanted) and wanted <= unwanted
        after, not_after = self._list_moments(Operator.AFTER)
        before, not_before = self._list_moments(Operator.BEFORE)
        starts = [*sorted(after)[:1], *not_before]
        ends = [*sorted(before)[-1:], *not_after]
        return bool(starts) and bool(ends) and max(starts) >= min(ends)

    def _list_moments(self, operator: Operator) -> tuple[list[datetime], list[datetime]]:
        """Wanted and excluded."""
        wanted, unwanted = (
            [value for value in self.values.get((operator, excluded), ()) if isinstance(value, datetime)]
            for excluded in (False, True)
        )
        return wanted, unwanted

    def _read_wording(self, token: Token) -> Token:
        wording = read_wording(token)
        if wording.words not in self.known.telling:
            return token.refuse(Problem.TOO_COMMON)
        if self.taken >= MOST_OPERATORS:
            return token.refuse(Problem.TOO_MANY)
        opposite = replace(wording, excluded=not wording.excluded)
        if opposite in self.wordings or (wording.excluded and wording.words in self.words):
            return token.refuse(Problem.CONTRADICTORY)
        if wording not in self.wordings:
            self.wordings.append(wording)
        return token
