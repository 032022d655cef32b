"""The words of a query, by language, and how much each tells: a word in few passages tells more than a common one."""

import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Float, bindparam, func, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from app.similar.passages import fold_stem, split_words

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
LONGEST_WORD = 100
"""Anything longer is no word."""
POSTINGS_TO_READ = 1500
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
    average_length: float
    """Different stems in a passage."""
    languages: frozenset[str]
    read_at: float

    def weigh(self, stems: Iterable[str]) -> "Term":
        """A word by its stems: it tells the more, the fewer passages hold it (BM25's inverse document frequency)."""
        kept = tuple(dict.fromkeys(map(fold_stem, stems)))
        holding = min(self.sampled, sum(self.frequencies.get(stem, 0) for stem in kept))
        information = math.log(1 + (self.sampled - holding + 0.5) / (holding + 0.5))
        return Term(kept, information, holding * self.passages / max(1, self.sampled))


@dataclass(frozen=True)
class Term:
    """A word of the query, in the forms that passages of each language have it."""

    stems: tuple[str, ...]
    information: float
    """In nats."""
    postings: float
    """About how many passages hold it."""


@dataclass(frozen=True)
class QueryWords:
    """The query's words, the most telling first."""

    terms: Sequence[Term]
    finding: Sequence[Term]
    """Those of them that are rare enough to look for; the others only add to what is found."""
    average_length: float

    @property
    def information(self) -> float:
        """Of all the words."""
        return math.fsum(term.information for term in self.terms)


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
    average = sum(frequencies.values()) / sampled if sampled else 1.0
    read_at = time.monotonic()
    _samples[organisation_id] = Vocabulary(passages, sampled, frequencies, average, frozenset(languages), read_at)
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
    found = await session.execute(STEM, asked | {"dictionary": name_dictionary(language)})
    terms = choose_terms([vocabulary.weigh(row.stems) for row in found])
    return QueryWords(terms, choose_finding(terms), vocabulary.average_length)


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


MEASURE = text(
    " + ".join(f"CASE WHEN passages.words @@ :stems_{n} THEN :told_{n} ELSE 0 END" for n in range(MOST_TERMS))
).bindparams(
    *(bindparam(f"stems_{n}", None, type_=TSQUERY) for n in range(MOST_TERMS)),
    *(bindparam(f"told_{n}", 0.0, type_=Float) for n in range(MOST_TERMS)),
)
"""Written once, for a search has no time to build it."""


def measure_words(terms: Sequence[Term]) -> ColumnElement[float]:
    """Information of the terms that a passage holds."""
    stems = {f"stems_{n}": write_tsquery(term.stems) for n, term in enumerate(terms)}
    told = {f"told_{n}": term.information for n, term in enumerate(terms)}
    return func.coalesce(MEASURE.bindparams(**stems, **told), 0.0, type_=Float)
