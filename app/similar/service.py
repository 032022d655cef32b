"""Finds what is similar to a text among all that the viewer may see."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.core.i18n import DEFAULT_LANGUAGE
from app.embeddings.adaptation import estimate_stuck
from app.embeddings.embedder import BatchingEmbedder, EmbedderClosed
from app.embeddings.language import detect_language
from app.embeddings.loading import ModelUnavailable
from app.embeddings.slot import ModelSlot
from app.embeddings.vectors import Vector
from app.practices.queries import Codes, list_code_names
from app.similar import queries
from app.similar.composing import load_matches
from app.similar.filters import Filters
from app.similar.generations import find_generation, has_generation
from app.similar.matches import Match
from app.similar.models import StoryVector
from app.similar.nearest import find_nearest
from app.similar.passages import PROBLEM_SECTIONS, cut_text
from app.similar.queries import Query
from app.similar.ranking import rank
from app.similar.scoring import NO_STORY, Asked, Candidate, Evidence, Facets, Mode, Reception, Story
from app.similar.suggesting import Suggestion, suggest_obstacle
from app.similar.vocabulary import QueryWords, read_query_words

log = structlog.get_logger("similar")

READ_PIECES = 3
"""Of a long text, as many pieces are read by the model; the whole of it counts by its words."""

FEWEST_LOOKED_AT = 10
"""So many cases of a pool are looked at closely, and twice as many as are shown."""

FEWEST_STUCK = 0.1
"""From here on, cases are looked for by their story, too."""

DEFAULT_LIMIT = 5
MAX_LIMIT = 20

NO_FACETS = Facets()
NO_FILTERS = Filters()


@dataclass(frozen=True)
class SimilarCases:
    """What is similar: closed cases and practices to learn from, open cases to join."""

    mode: Mode
    learn: list[Match]
    join: list[Match]
    nearest: Match | None = None
    """What came nearest where nothing is close enough."""
    reindexing: bool = False
    """The model was changed: words and codes answer until it has read all cases."""
    suggestion: Suggestion | None = None
    """What the text sounds like, unless it is among the codes that were asked with."""

    @property
    def nothing_close(self) -> bool:
        return not self.learn and not self.join

    @property
    def matches(self) -> list[Match]:
        return [*self.learn, *self.join]


async def find_similar(
    session: AsyncSession,
    viewer: Viewer,
    text: str,
    *,
    slot: ModelSlot,
    limit: int = DEFAULT_LIMIT,
    facets: Facets = NO_FACETS,
    filters: Filters = NO_FILTERS,
    floor: bool = True,
) -> SimilarCases:
    """At most `limit` matches a pool. `facets` are the codes of what is being written, by key.

    Without the `floor` what is far off is a match, too: for measuring, see `rank`.
    """
    embedder, in_use = await choose_embedder(session, slot)
    depth = max(FEWEST_LOOKED_AT, 2 * limit)
    language = detect_language(text, default=viewer.language or DEFAULT_LANGUAGE)
    codes = await list_code_names(session)

    async def look_by_words() -> tuple[QueryWords, queries.Rows, Row[UUID, str] | None]:
        words = await read_query_words(session, viewer.organisation_id, text, language)
        wordiest = await queries.find_wordiest(session, viewer, words, filters, codes, depth)
        return (
            words,
            wordiest,
            in_use or await find_generation(session, [embedder.model_id] if embedder else []),
        )

    # The database looks for words while the model reads. After an error the session is closed: wait for both.
    reading, looked = await asyncio.gather(read_text(embedder, text, language), look_by_words(), return_exceptions=True)
    if isinstance(reading, BaseException):
        raise reading
    if isinstance(looked, BaseException):
        raise looked
    words, found, generation = looked
    query = Query(language, words, None, None, depth)
    if embedder is not None and reading is not None and generation is not None:
        query = replace(
            query,
            generation_id=generation.id,
            vector=reading.vector,
            story=reading.story,
            stuck=embedder.adaptation.read_stuck(reading.story),
        )
    mode: Mode = "keywords" if query.vector is None else "full"
    if query.vector is not None:
        found = merge(found, await find_nearest(session, viewer, query, filters, codes))
        if query.stuck >= FEWEST_STUCK:
            told = replace(query, vector=query.story)
            found = merge(found, await find_nearest(session, viewer, told, filters, codes, StoryVector))
    elif facets.obstacles:
        found = merge(found, await queries.find_coded(session, viewer, facets.obstacles, filters, codes, depth))
    candidates = await load_candidates(session, query, found, codes, embedder)
    asked = Asked(mode, language, facets, words.information, query.stuck)
    ranking = rank(candidates, asked, limit, floor=floor)
    readable = frozenset(row.case_id for row in found if row.readable)
    learn, join, nearest = await load_matches(session, query, facets, ranking, readable, codes)
    reindexing = embedder is not None and generation is None and await has_generation(session)
    return SimilarCases(mode, learn, join, next(iter(nearest), None), reindexing, suggest(embedder, reading, facets))


async def choose_embedder(
    session: AsyncSession, slot: ModelSlot
) -> tuple[BatchingEmbedder | None, Row[UUID, str] | None]:
    """Where two models are loaded, the one whose vectors are in use, and these; else the one that is, and None."""
    if slot.previous is None or slot.embedder is None:
        return slot.embedder or slot.previous, None
    in_use = await find_generation(session, [embedder.model_id for embedder in slot.embedders])
    return (slot.find(in_use.model) if in_use else slot.embedder), in_use


def merge(some: queries.Rows, others: queries.Rows) -> queries.Rows:
    """Each case once."""
    return list({row.case_id: row for row in [*some, *others]}.values())


@dataclass(frozen=True)
class Reading:
    """A text as the model reads it, less what only tells its language."""

    vector: Vector
    story: Vector


async def read_text(embedder: BatchingEmbedder | None, text: str, language: str) -> Reading | None:
    """Of a long text the first pieces together, and the first as a story. None when the model cannot read it."""
    pieces = cut_text(text)[:READ_PIECES]
    if embedder is None or not pieces:
        return None
    try:
        vectors, [story] = await asyncio.gather(embedder.embed_queries(pieces), embedder.embed_stories(pieces[:1]))
    except (EmbedderClosed, ModelUnavailable) as error:
        log.warning("query_not_embedded", reason=str(error))
        return None
    mean: Vector = np.mean(vectors, axis=0)
    length = float(np.linalg.norm(mean))
    if not length:
        return None
    adaptation = embedder.adaptation
    return Reading(adaptation.centre(mean / length, "query", language), adaptation.centre(story, "story", language))


def suggest(embedder: BatchingEmbedder | None, reading: Reading | None, facets: Facets) -> Suggestion | None:
    """What the text sounds like, from the vector that it was compared with."""
    if embedder is None or reading is None:
        return None
    shares, stuck = embedder.adaptation.read_obstacles(reading.story), embedder.adaptation.read_stuck(reading.story)
    return suggest_obstacle(shares, stuck, facets.obstacles)


async def load_candidates(
    session: AsyncSession,
    query: Query,
    found: queries.Rows,
    codes: Codes,
    embedder: BatchingEmbedder | None = None,
) -> list[Candidate]:
    """The found cases with all that the ranking weighs."""
    if not found:
        return []
    case_ids = [row.case_id for row in found if row.readable]
    practice_ids = [row.practice_id for row in found if row.practice_id]
    passages = await queries.list_evidence(session, query, case_ids=case_ids, practice_ids=practice_ids)
    stuck = embedder.adaptation.stuck if embedder else None
    stories: dict[UUID, Story] = {}
    if stuck is not None and query.story is not None:
        told = await queries.list_story_evidence(session, query, stuck, case_ids=case_ids, practice_ids=practice_ids)
        for row in told:
            story = Story(row.cosine, estimate_stuck(row.leaning, stuck))
            stories[row.case_id] = max(story, stories.get(row.case_id, story))
    evidence: dict[UUID, list[Evidence]] = defaultdict(list)
    for passage in passages:
        evidence[passage.case_id].append(
            Evidence(
                passage_id=passage.id,
                language=passage.language,
                cosine=passage.cosine,
                found=passage.found,
                relative_length=passage.length / query.words.average_length,
                tells_problem=passage.section in PROBLEM_SECTIONS,
            )
        )
    facts = {row.id: row for row in await queries.list_facts(session, [row.case_id for row in found])}
    return [
        Candidate(
            case_id=row.case_id,
            practice_id=row.practice_id,
            is_open=row.is_open,
            moved_at=fact.moved_at,
            evidence=tuple(evidence[row.case_id]),
            story=stories.get(row.case_id, NO_STORY),
            facets=Facets(
                obstacles=tuple(codes[id_].key for id_ in fact.obstacle_ids),
                industry=_key(codes, fact.industry_id),
                stage=_key(codes, fact.stage_id),
                product=fact.product,
            ),
            customer=fact.customer,
            outcome=_key(codes, fact.outcome_id),
            has_written_outcome=fact.has_written_outcome,
            verified_uses=fact.verified_uses,
            reception=Reception(fact.unhelpful, fact.worked_for),
        )
        for row in found
        if (fact := facts.get(row.case_id)) is not None
    ]


def _key(codes: Codes, code_id: UUID | None) -> str | None:
    return codes[code_id].key if code_id else None
