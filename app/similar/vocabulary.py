"""The words of a query, by language, and how much each tells: a word in few passages tells more than a common one."""

import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Float, bindparam, func, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from app.similar.passages import WORD, fold_stem, split_words
from app.similar.spelling import Group, Lexicon, find_near, join_words

CONFIGURATIONS: Mapping[str, str] = {
    "nb": "norwegian",
    "sv": "swedish",
    "en": "english",
    "da": "danish",
    "fi": "finnish",
}
"""PostgreSQL's text search configuration by language; any other language has `simple`."""

SAMPLED_PASSAGES = 3000
SAMPLE_SECONDS = 60
KEPT_SAMPLES = 64

MOST_TERMS = 16
LONG_QUERY = 32
"""In a text of more words each is taken as it stands: the others say what is meant."""
MOST_MENDED = 6
"""And where more words are unknown: they are another language's, not mistyped."""
LONGEST_WORD = 100
"""Anything longer is no word."""
NEAR_SHARE = 0.6
"""Of what a word tells, a passage has so much that holds what is near to it."""
POSTINGS_TO_READ = 1000
"""About how many passages the words that find candidates may have between them."""

COUNT_PASSAGES = text("SELECT count(*) FROM passages WHERE organisation_id = :organisation_id")
COUNT_WORDS = text(
    """
    SELECT word, ndoc
    FROM ts_stat(format('SELECT words FROM passages ORDER BY organisation_id DESC, id DESC LIMIT %s', :limit))
    """
)
LIST_LANGUAGES = text(
    """
    SELECT DISTINCT language
    FROM (SELECT language FROM passages ORDER BY organisation_id DESC, id DESC LIMIT :limit) AS sampled
    """
)
# A word that tells nothing in the query's language is left out; each other one is stemmed as every language would.
STEM = text(
    """
    SELECT word, ts_lexize(cast(:dictionary AS regdictionary), word) || (
        SELECT array_agg(stem)
        FROM unnest(cast(:dictionaries AS text[])) AS other (dictionary),
            unnest(ts_lexize(cast(dictionary AS regdictionary), word)) AS stem
    ) AS stems
    FROM unnest(cast(:words AS text[])) AS given (word)
    WHERE ts_lexize(cast(:dictionary AS regdictionary), word) <> '{}'
    """
)


@dataclass(frozen=True)
class Vocabulary:
    """How many of an organisation's newest passages hold a stem."""

    passages: int
    """All of the organisation's."""
    sampled: int
    frequencies: Mapping[str, int]
    languages: frozenset[str]
    read_at: float

    @cached_property
    def lexicon(self) -> Lexicon:
        return Lexicon(self.frequencies, self.sampled)

    def weigh(self, stems: Sequence[str], near: Sequence[Group] = ()) -> "Term":
        """A word by its folded stems: the rarer it is, the more it tells (BM25's inverse document frequency).

        One that nobody wrote tells what the words near to it tell.
        """
        holding = self.lexicon.count(stems)
        held_near = min(self.sampled, sum(min(self.lexicon.count([stem]) for stem in group) for group in near))
        told_near = self._inform(held_near) if near else 0.0
        information = told_near if near and not holding else self._inform(holding)
        return Term(
            stems=tuple(stems),
            information=information,
            postings=(holding + held_near) * self.passages / max(1, self.sampled),
            near=tuple(near),
            near_information=NEAR_SHARE * min(information, told_near),
        )

    def _inform(self, holding: int) -> float:
        return math.log(1 + (self.sampled - holding + 0.5) / (holding + 0.5))


@dataclass(frozen=True)
class Term:
    """A word of the query, in the forms that passages of each language have it."""

    stems: tuple[str, ...]
    information: float
    """In nats."""
    postings: float
    """About how many passages hold it, or what is near to it."""
    near: tuple[Group, ...] = ()
    """What may be meant by it."""
    near_information: float = 0.0

    @property
    def query(self) -> str:
        """A tsquery for whatever holds it, or what is near to it."""
        return " | ".join(filter(None, [write_tsquery(self.stems), write_near(self.near)]))

    @property
    def told(self) -> dict[str, float]:
        """What a passage that holds a stem tells of the word."""
        return {stem: self.near_information for group in self.near for stem in group} | dict.fromkeys(
            self.stems, self.information
        )


@dataclass(frozen=True)
class QueryWords:
    """The query's words, the most telling first."""

    terms: Sequence[Term]
    finding: Sequence[Term]
    """Those of them that are rare enough to look for; the others only add to what is found."""
    spellings: frozenset[str] = frozenset()
    """The stems as they are written, with å ä æ ö ø."""

    @property
    def information(self) -> float:
        """Of all the words."""
        return math.fsum(term.information for term in self.terms)

    def list_stems(self) -> list[str]:
        """All that a word may stand as, and what is near to it."""
        return sorted(self.spellings.union(*(term.told for term in self.terms)))


_samples: OrderedDict[UUID, Vocabulary] = OrderedDict()


async def read_vocabulary(session: AsyncSession, organisation_id: UUID) -> Vocabulary:
    """The organisation's vocabulary, at most a minute old. The session must have entered the organisation."""
    known = _samples.get(organisation_id)
    if known is not None and time.monotonic() - known.read_at < SAMPLE_SECONDS:
        return known
    passages = await session.scalar(COUNT_PASSAGES, {"organisation_id": organisation_id}) or 0
    frequencies = {row.word: row.ndoc for row in await session.execute(COUNT_WORDS, {"limit": SAMPLED_PASSAGES})}
    languages = await session.scalars(LIST_LANGUAGES, {"limit": SAMPLED_PASSAGES})
    sampled = min(passages, SAMPLED_PASSAGES)
    read_at = time.monotonic()
    _samples[organisation_id] = Vocabulary(passages, sampled, frequencies, frozenset(languages), read_at)
    _samples.move_to_end(organisation_id)
    while len(_samples) > KEPT_SAMPLES:
        _samples.popitem(last=False)
    return _samples[organisation_id]


async def read_query_words(session: AsyncSession, organisation_id: UUID, query: str, language: str) -> QueryWords:
    """The stems of a query in every language of the organisation's texts, weighed by those texts."""
    vocabulary = await read_vocabulary(session, organisation_id)
    dictionaries = [name_dictionary(other) for other in sorted(vocabulary.languages - {language})]
    words = [word for word in dict.fromkeys(split_words(query)) if len(word) <= LONGEST_WORD]
    asked = {"words": words, "dictionaries": dictionaries}
    found = (await session.execute(STEM, asked | {"dictionary": name_dictionary(language)})).all()
    unfinished = words[-1] if words and WORD.fullmatch(query.rstrip()[-1:]) else None
    stemmed = [(row.word, list(dict.fromkeys(map(fold_stem, row.stems)))) for row in found]
    terms = choose_terms(weigh_words(vocabulary, stemmed, unfinished))
    return QueryWords(terms, choose_finding(terms), frozenset(stem for row in found for stem in row.stems))


def weigh_words(
    vocabulary: Vocabulary, words: Sequence[tuple[str, Sequence[str]]], unfinished: str | None
) -> Iterator[Term]:
    """Each word, with its folded stems, as a term. `unfinished` is the one that somebody may still be typing."""
    unknown = sum(not vocabulary.lexicon.count(stems) for _word, stems in words)
    if len(words) > LONG_QUERY or unknown > MOST_MENDED:
        yield from (vocabulary.weigh(stems) for _word, stems in words)
        return
    joined = join_words([stems for _word, stems in words], vocabulary.lexicon)
    for place, (word, stems) in enumerate(words):
        near = find_near(stems, fold_stem(word), vocabulary.lexicon, unfinished=word == unfinished)
        yield vocabulary.weigh(stems, list(dict.fromkeys([*joined.get(place, ()), *near])))


def name_dictionary(language: str) -> str:
    """PostgreSQL's dictionary that stems one word of the language; empty for a word that tells nothing."""
    return f"{CONFIGURATIONS[language]}_stem" if language in CONFIGURATIONS else "simple"


def choose_terms(terms: Iterable[Term]) -> list[Term]:
    """The most telling ones, at most `MOST_TERMS`. A word that no passage holds counts, but not before the others."""
    return sorted(terms, key=lambda term: (term.postings > 0, term.information, term.stems), reverse=True)[:MOST_TERMS]


def choose_finding(terms: Sequence[Term]) -> list[Term]:
    """The rarest terms, as many as may be read in time; at least one."""
    finding: list[Term] = []
    for term in sorted(terms, key=lambda term: term.postings):
        if finding and sum(chosen.postings for chosen in finding) + term.postings > POSTINGS_TO_READ:
            break
        finding.append(term)
    return finding


def write_tsquery(stems: Iterable[str]) -> str:
    """What holds any of the stems, which are taken as they stand."""
    return " | ".join("'" + stem.replace("\\", "\\\\").replace("'", "''") + "'" for stem in stems)


def write_near(groups: Iterable[Group]) -> str:
    """What holds all stems of any of the groups."""
    return " | ".join("(" + " & ".join(write_tsquery([stem]) for stem in group) + ")" for group in groups)


MEASURE: ColumnElement[float] = func.coalesce(
    text(
        " + ".join(
            f"CASE WHEN passages.words @@ (:stems_of)[{n}] THEN (:told)[{n}] "
            f"WHEN passages.words @@ (:near_of)[{n}] THEN (:hinted)[{n}] ELSE 0 END"
            for n in range(1, MOST_TERMS + 1)
        )
    ).bindparams(
        *(bindparam(name, type_=ARRAY(TSQUERY)) for name in ("stems_of", "near_of")),
        *(bindparam(name, type_=ARRAY(Float)) for name in ("told", "hinted")),
    ),
    0.0,
    type_=Float,
)
"""Information of the terms that a passage holds; `name_words` says which."""


def name_words(terms: Sequence[Term]) -> dict[str, Any]:
    """The parameters of `MEASURE`."""
    return {
        "stems_of": [write_tsquery(term.stems) for term in terms],
        "told": [term.information for term in terms],
        "near_of": [write_near(term.near) or None for term in terms],
        "hinted": [term.near_information for term in terms],
    }
