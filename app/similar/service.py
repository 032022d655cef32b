"""Finds what is similar to a text among all that the viewer may see."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.core.i18n import DEFAULT_LANGUAGE
from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.language import detect_language
from app.embeddings.slot import ModelSlot
from app.embeddings.vectors import Vector
from app.practices.queries import list_code_names
from app.similar import queries
from app.similar.asked import read_beside
from app.similar.candidates import load_candidates
from app.similar.composing import load_matches
from app.similar.facets import About, FacetCounts, count_facets
from app.similar.filters import Filters
from app.similar.floors import find_floors
from app.similar.generations import find_generation, has_generation
from app.similar.matches import Match
from app.similar.models import StoryVector
from app.similar.nearest import find_nearest
from app.similar.queries import Query
from app.similar.ranking import rank
from app.similar.scope import EVERYTHING, Rows, Scope
from app.similar.scoring import UNMEASURED, Asked, Facets, Mode, lean
from app.similar.suggesting import Suggestion, suggest_obstacle
from app.similar.vocabulary import read_query_words

FEWEST_LOOKED_AT = 10
"""So many cases of a pool are looked at closely, and twice as many as are shown."""

FEWEST_STUCK = 0.1
"""From here on, cases are looked for by their story, too."""

DEFAULT_LIMIT = 5
MAX_LIMIT = 20

NO_FACETS = Facets()


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

    facets: FacetCounts = field(default_factory=dict)
    """Of all that are close enough, or, where filters alone were asked for, of the newest."""
    counted: int = 0
    """How many these are."""

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
    filters: Filters = EVERYTHING,
    floor: bool = True,
) -> SimilarCases:
    """At most `limit` matches a pool. `facets` are the codes of what is being written, by key.

    Without the `floor` what is far off is a match, too: for measuring, see `rank`.
    """
    embedder, generation = await choose_embedder(session, slot)
    depth = max(FEWEST_LOOKED_AT, 2 * limit)
    language = detect_language(text, default=viewer.language or DEFAULT_LANGUAGE)
    # The model reads while the database looks for what is known by then: words, the query's vector, the story's.
    async with read_beside(embedder, text, language) as (query_read, story_read):
        codes = await list_code_names(session)
        scope = Scope(viewer, filters, codes)
        words = await read_query_words(session, viewer.organisation_id, text, language)
        found = await queries.find_wordiest(session, scope, words, depth)
        if embedder is not None and generation is None:
            generation = await find_generation(session, [embedder.model_id])
        query = Query(language, words, None, generation.id if generation else None, depth)
        vector = await query_read
        if vector is not None and generation is not None:
            found = merge(found, await find_nearest(session, scope, vector, generation.id, depth))
        story = await story_read
    if embedder is not None and vector is not None and generation is not None:
        stuck = embedder.adaptation.read_stuck(story) if story is not None else 0.0
        query = replace(query, vector=vector, story=story, stuck=stuck)
        if story is not None and stuck >= FEWEST_STUCK:
            found = merge(found, await find_nearest(session, scope, story, generation.id, depth, StoryVector))
    mode: Mode = "keywords" if query.vector is None else "full"
    if mode == "keywords" and facets.obstacles:
        found = merge(found, await queries.find_coded(session, scope, facets.obstacles, depth))
    candidates = await load_candidates(session, query, found, codes, embedder)
    floors = find_floors(embedder.model_id) if embedder else UNMEASURED
    asked = Asked(mode, language, facets, words.information, query.stuck, lean(candidates), floors)
    ranking = rank(candidates, asked, limit, floor=floor)
    readable = frozenset(row.case_id for row in found if row.readable)
    learn, join, nearest = await load_matches(session, query, facets, ranking, readable, codes)
    suggestion = suggest(embedder, story, facets)
    reindexing = embedder is not None and generation is None and await has_generation(session)
    return SimilarCases(
        mode,
        learn,
        join,
        next(iter(nearest), None),
        reindexing,
        suggestion,
        count_facets(About(ranked.candidate.facets, ranked.candidate.outcome) for ranked in ranking.relevant),
        len(ranking.relevant),
    )


async def choose_embedder(
    session: AsyncSession, slot: ModelSlot
) -> tuple[BatchingEmbedder | None, Row[UUID, str] | None]:
    """Where two models are loaded, the one whose vectors are in use, and these; else the one that is, and None."""
    if slot.previous is None or slot.embedder is None:
        return slot.embedder or slot.previous, None
    in_use = await find_generation(session, [embedder.model_id for embedder in slot.embedders])
    return (slot.find(in_use.model) if in_use else slot.embedder), in_use


def merge(some: Rows, others: Rows) -> Rows:
    """Each case once."""
    return list({row.case_id: row for row in [*some, *others]}.values())


def suggest(embedder: BatchingEmbedder | None, story: Vector | None, facets: Facets) -> Suggestion | None:
    """What the text sounds like, from the vector that it was compared with."""
    if embedder is None or story is None:
        return None
    shares, stuck = embedder.adaptation.read_obstacles(story), embedder.adaptation.read_stuck(story)
    return suggest_obstacle(shares, stuck, facets.obstacles)
