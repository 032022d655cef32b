"""What narrows a search, as conditions on cases. They stand in the select of what the viewer may see, before ranking.

A practice whose case the viewer may not read is narrowed by what the practice shows, and by that alone: a filter must
not tell who owns the case behind it, how it is tagged, or which words stand in it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, not_, or_, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CaseObstacle, CodeKind
from app.cases.workflow import State
from app.practices.models import Practice
from app.practices.queries import Codes
from app.similar.models import Passage
from app.similar.operators import Operator, Wording
from app.similar.reading import Criterion
from app.similar.vocabulary import CONFIGURATIONS

OTHER = ""
"""Stands for every language that has no configuration of its own."""
SPOKEN = ("nb", "sv", "en")
"""A word is common when it tells nothing in one of these."""

CODES: Mapping[Operator, tuple[CodeKind, Any]] = {
    Operator.OUTCOME: (CodeKind.OUTCOME, Case.outcome_id),
    Operator.STAGE: (CodeKind.STAGE, Case.stage_id),
    Operator.INDUSTRY: (CodeKind.INDUSTRY, Case.industry_id),
}

SHORT = 4
SPELLINGS: Mapping[str, str] = {
    spelling: f"(?:{'|'.join(alike)})"
    for alike in (("aa", "å"), ("ae", "æ", "ä"), ("oe", "ø", "ö"))
    for spelling in alike
}
SPELLED = re.compile("|".join(SPELLINGS))

# As PostgreSQL cuts and stems the text of a passage, without the order of the words and with å ä æ ö ø spelt out.
FIND_STEMS = text(
    """
    SELECT
        place,
        language,
        replace(replace(replace(replace(replace(
            regexp_replace(plainto_tsquery(cast(configuration AS regconfig), words)::text, '<[-0-9]+>', '&', 'g'),
            'å', 'aa'), 'ä', 'ae'), 'æ', 'ae'), 'ö', 'oe'), 'ø', 'oe') AS stems
    FROM unnest(cast(:words AS text[])) WITH ORDINALITY AS asked (words, place)
    CROSS JOIN unnest(cast(:languages AS text[]), cast(:configurations AS text[])) AS spoken (language, configuration)
    ORDER BY place, language
    """
)


@dataclass(frozen=True)
class Holding:
    """Passages that hold a word in any of its forms, or just these words."""

    stems: Mapping[str, str]
    """A tsquery by language; empty for words that tell nothing."""
    pattern: str | None
    """What the text must match besides."""
    excluded: bool

    @property
    def is_telling(self) -> bool:
        return all(self.stems[language] for language in SPOKEN)


@dataclass(frozen=True)
class Filters:
    """What narrows the pools; everything empty means all that the viewer may see."""

    state: State | None = None
    obstacle: str | None = None
    """Key of an obstacle."""
    outcome: str | None = None
    team_id: UUID | None = None
    language: str | None = None
    exclude_case_id: UUID | None = None
    readable: bool = False
    """Only cases that the viewer may read, and none of which she sees but the practice."""
    criteria: tuple[Criterion, ...] = ()
    holdings: tuple[Holding, ...] = ()


async def find_holdings(session: AsyncSession, wordings: Sequence[Wording]) -> dict[Wording, Holding]:
    """Where the words can stand."""
    spoken = {**CONFIGURATIONS, OTHER: "simple"}
    asked = {
        "words": [" ".join(_list_looked_up(wording)) for wording in wordings],
        "languages": list(spoken),
        "configurations": list(spoken.values()),
    }
    stems: dict[Wording, dict[str, str]] = defaultdict(dict)
    for row in await session.execute(FIND_STEMS, asked):
        stems[wordings[row.place - 1]][row.language] = row.stems
    return {
        wording: Holding(found, write_pattern(wording.words) if wording.exact else None, wording.excluded)
        for wording, found in stems.items()
    }


def _list_looked_up(wording: Wording) -> Sequence[str]:
    """What passages are found by before their text is read: `før` is too common to be looked up, `för` is not."""
    return [word for word in wording.words if len(word) > SHORT or not SPELLED.search(word)] or wording.words


def write_pattern(words: Iterable[str]) -> str:
    """A regular expression for these words and no others between them, spelt with å or aa alike."""
    spelt = (SPELLED.sub(lambda found: SPELLINGS[found.group()], word) for word in words)
    return r"\m" + r"\W+".join(spelt) + r"\M"


def narrow(filters: Filters, codes: Codes, readable: ColumnElement[bool]) -> Iterator[ColumnElement[bool]]:
    """Conditions on Case, and on the Practice made from it where one is shown. `readable` is the case itself."""
    if filters.readable:
        yield readable
    for criterion in filters.criteria:
        yield _turn(_fits(criterion, codes, readable), excluded=criterion.excluded)
    for holding in filters.holdings:
        yield _turn(_holds(holding, readable), excluded=holding.excluded)


def _turn(condition: ColumnElement[bool], *, excluded: bool) -> ColumnElement[bool]:
    """What is empty does not fit, and so stays where the fitting is left out."""
    return not_(func.coalesce(condition, literal(False))) if excluded else condition


def _fits(criterion: Criterion, codes: Codes, readable: ColumnElement[bool]) -> ColumnElement[bool]:
    values: Sequence[Any] = sorted(criterion.values, key=str)
    fits: ColumnElement[bool]
    match criterion.operator:
        case Operator.STATE:
            fits = Case.state.in_(values)
        case Operator.OBSTACLE:
            ids = _list_ids(codes, CodeKind.OBSTACLE, values)
            fits = Case.id.in_(select(CaseObstacle.case_id).where(CaseObstacle.code_id.in_(ids)))
        case Operator.PRODUCT:
            fits = func.lower(Case.product).in_(values)
        case Operator.TEAM:
            fits = or_(and_(readable, Case.team_id.in_(values)), Practice.team_id.in_(values))
        case Operator.OWNER:
            fits = or_(and_(readable, Case.owner_id.in_(values)), Practice.solver_id.in_(values))
        case Operator.TAG:
            tag: ColumnElement[str] = func.unnest(Case.tags).column_valued("tag")
            fits = and_(readable, select(tag).where(func.lower(tag).in_(values)).exists())
        case Operator.LANGUAGE:
            fits = func.coalesce(func.nullif(Practice.language, ""), Case.language).in_(values)
        case Operator.AFTER | Operator.BEFORE:
            fits = _moved(criterion)
        case operator:
            kind, code_id = CODES[operator]
            fits = code_id.in_(_list_ids(codes, kind, values))
    return fits


def _moved(criterion: Criterion) -> ColumnElement[bool]:
    moments = [value for value in criterion.values if isinstance(value, datetime)]
    return Case.moved_at >= min(moments) if criterion.operator is Operator.AFTER else Case.moved_at < max(moments)


def _list_ids(codes: Codes, kind: CodeKind, keys: Sequence[str]) -> list[UUID]:
    return [code_id for code_id, code in codes.items() if code.kind == kind and code.key in keys]


def _holds(holding: Holding, readable: ColumnElement[bool]) -> ColumnElement[bool]:
    """A passage that the viewer may see holds it: one of the practice, or one of a case she may read."""
    held = _held_exactly(holding, holding.pattern) if holding.pattern else _held_in_some_form(holding)
    of_cases = select(Passage.case_id).where(Passage.practice_id.is_(None), held)
    of_practices = select(Passage.practice_id).where(Passage.practice_id.is_not(None), held)
    return or_(and_(readable, Case.id.in_(of_cases)), Practice.id.in_(of_practices))


def _held_exactly(holding: Holding, pattern: str) -> ColumnElement[bool]:
    """The stems lead to the few passages whose text is read."""
    stems = " | ".join(f"({query})" for query in dict.fromkeys(holding.stems.values()) if query)
    return and_(_matches(stems), Passage.text.regexp_match(pattern, flags="i"))


def _held_in_some_form(holding: Holding) -> ColumnElement[bool]:
    """As the language of each passage has it."""
    languages: dict[str, list[str]] = defaultdict(list)
    for language, query in holding.stems.items():
        languages[query].append(language)
    return or_(*(and_(_matches(query), _is_in(spoken)) for query, spoken in languages.items() if query))


def _is_in(languages: Sequence[str]) -> ColumnElement[bool]:
    known = Passage.language.in_([language for language in languages if language != OTHER])
    return or_(known, Passage.language.not_in(list(CONFIGURATIONS))) if OTHER in languages else known


def _matches(query: str) -> ColumnElement[bool]:
    return Passage.words.op("@@", is_comparison=True)(literal(query, TSQUERY))
