"""The words of a query, by language, and how much each tells: a word in few passages tells more than a common one."""

import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
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
# Words that tell nothing in the query's language are left out before the other languages' stemmers see them.
STEM = text(
    """
    WITH kept AS (
        SELECT string_agg(word, ' ') AS text
        FROM unnest(cast(:words AS text[])) AS given (word)
        WHERE ts_lexize(cast(:dictionary AS regdictionary), word) <> '{}'
    )
    SELECT language, tsvector_to_array(to_tsvector(cast(configuration AS regconfig), coalesce(kept.text, ''))) AS stems
    FROM kept, unnest(cast(:languages AS text[]), cast(:configurations AS text[])) AS asked (language, configuration)
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

    def information(self, stem: str) -> float:
        """What it tells that a passage holds the stem, in nats: BM25's inverse document frequency."""
        holding = self.frequencies.get(stem, 0)
        return math.log(1 + (self.sampled - holding + 0.5) / (holding + 0.5))

    def expected_postings(self, stem: str) -> float:
        """About how many passages hold the stem."""
        return self.frequencies.get(stem, 0) * self.passages / max(1, self.sampled)


@dataclass(frozen=True)
class Term:
    stem: str
    information: float


@dataclass(frozen=True)
class QueryWords:
    """The query's words as the passages of each language have them, the most telling first."""

    language: str
    terms: Mapping[str, Sequence[Term]]
    finding: Mapping[str, Sequence[Term]]
    """Those of them that are rare enough to look for; the others only add to what is found."""
    average_length: float

    @property
    def information(self) -> float:
        """Of all its words."""
        return math.fsum(term.information for term in self.terms[self.language])


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
    languages = sorted({language} | vocabulary.languages)
    found = await session.execute(
        STEM,
        {
            "words": list(dict.fromkeys(split_words(query))),
            "dictionary": name_dictionary(language),
            "languages": languages,
            "configurations": [CONFIGURATIONS.get(other, "simple") for other in languages],
        },
    )
    terms = {row.language: choose_terms(set(map(fold_stem, row.stems)), vocabulary) for row in found}
    return QueryWords(
        language=language,
        terms=terms,
        finding={other: choose_finding(chosen, vocabulary) for other, chosen in terms.items()},
        average_length=vocabulary.average_length,
    )


def name_dictionary(language: str) -> str:
    """PostgreSQL's dictionary that stems one word of the language; empty for a word that tells nothing."""
    return f"{CONFIGURATIONS[language]}_stem" if language in CONFIGURATIONS else "simple"


def choose_terms(stems: Iterable[str], vocabulary: Vocabulary) -> list[Term]:
    """The most telling stems, at most `MOST_TERMS`. A stem that no passage holds counts, but not before the others."""
    terms = [Term(stem, vocabulary.information(stem)) for stem in stems]
    terms.sort(key=lambda term: (term.stem in vocabulary.frequencies, term.information, term.stem), reverse=True)
    return terms[:MOST_TERMS]


def choose_finding(terms: Sequence[Term], vocabulary: Vocabulary) -> list[Term]:
    """The rarest terms, as many as may be read in time; at least one."""
    finding: list[Term] = []
    postings = 0.0
    for term in sorted(terms, key=lambda term: -term.information):
        postings += vocabulary.expected_postings(term.stem)
        if finding and postings > POSTINGS_TO_READ:
            break
        finding.append(term)
    return finding
