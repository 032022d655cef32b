"""Search with operators: they narrow what is compared by meaning and words; alone, they list what they leave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.core.i18n import DEFAULT_LANGUAGE
from app.embeddings.slot import ModelSlot
from app.practices.queries import list_code_names
from app.similar.candidates import find_key, load_candidates, read_facets
from app.similar.composing import load_matches
from app.similar.facets import About, count_facets
from app.similar.filters import Filters, find_holdings
from app.similar.known import load_values
from app.similar.matches import Match
from app.similar.operators import list_wordings, split_query
from app.similar.queries import Query, list_facts
from app.similar.ranking import Ranking
from app.similar.reading import MOST_OPERATORS, Known, ReadQuery, read_tokens
from app.similar.scope import EVERYTHING, Rows, Scope
from app.similar.scoring import Candidate, Mode, Ranked
from app.similar.service import (
    DEFAULT_LIMIT,
    NO_FACETS,
    SimilarCases,
    find_similar,
)
from app.similar.vocabulary import QueryWords, read_query_words

COUNTED = 100
"""Of each pool so many of the newest are counted by what they are about."""

NO_WORDS = QueryWords((), ())


@dataclass(frozen=True)
class Search:
    """What was understood, and what was found; nothing where nothing was asked."""

    read: ReadQuery
    found: SimilarCases | None


async def search(
    session: AsyncSession,
    viewer: Viewer,
    text: str,
    *,
    slot: ModelSlot,
    limit: int = DEFAULT_LIMIT,
    filters: Filters = EVERYTHING,
) -> Search:
    """At most `limit` matches a pool. `filters` narrow besides what stands in the text."""
    read, narrowed = await read_query(session, viewer, text, filters)
    if not read.text and narrowed == EVERYTHING:
        return Search(read, None)
    if not read.text:
        return Search(read, await list_newest(session, viewer, narrowed, slot=slot, limit=limit))
    found = await find_similar(session, viewer, read.text, slot=slot, limit=limit, filters=narrowed)
    if read.has_phrase:
        # What holds the very words was asked for, however little else it has of the query.
        others = await list_newest(session, viewer, narrowed, slot=slot, limit=limit, text=read.text)
        found = replace(
            found,
            learn=append_others(found.learn, others.learn, limit),
            join=append_others(found.join, others.join, limit),
        )
    return Search(read, found)


async def read_query(session: AsyncSession, viewer: Viewer, text: str, filters: Filters) -> tuple[ReadQuery, Filters]:
    """What the text asks for, and the filters with those that stand in it."""
    tokens = split_query(text)
    wordings = list(dict.fromkeys(list_wordings(tokens)))[: 2 * MOST_OPERATORS]
    holdings = await find_holdings(session, wordings) if wordings else {}
    operators = {token.operator for token in tokens if token.kind == "filter" and token.operator}
    known = Known(
        values=await load_values(session, viewer, operators),
        telling=frozenset(wording.words for wording, holding in holdings.items() if holding.is_telling),
        timezone=viewer.timezone,
    )
    read = read_tokens(text, tokens, known)
    taken = tuple(holdings[wording] for wording in read.wordings)
    return read, replace(filters, criteria=read.criteria, holdings=taken)


def append_others(first: Sequence[Match], others: Iterable[Match], limit: int) -> list[Match]:
    """Each case once."""
    known = {match.case_id for match in first}
    return [*first, *(match for match in others if match.case_id not in known)][:limit]


async def list_newest(
    session: AsyncSession, viewer: Viewer, filters: Filters, *, slot: ModelSlot, limit: int, text: str = ""
) -> SimilarCases:
    """What the filters leave, last moved first; with a text, each with the passage that holds most of it.

    Without one, what the newest are about is counted.
    """
    codes = await list_code_names(session)
    language = viewer.language or DEFAULT_LANGUAGE
    words = await read_query_words(session, viewer.organisation_id, text, language) if text else NO_WORDS
    query = Query(language, words, None, None, limit)
    narrowed = await _select_newest(session, Scope(viewer, filters, codes), limit if text else max(limit, COUNTED))
    found = [row for row in narrowed if row.place <= limit]
    facts = [] if text else await list_facts(session, [row.case_id for row in narrowed])
    candidates = await load_candidates(session, query, found, codes)
    newest = sorted(candidates, key=lambda candidate: (candidate.moved_at, candidate.case_id), reverse=True)
    listed = [Ranked(candidate, _find_passage(candidate), {}) for candidate in newest]
    ranking = Ranking(
        learn=[ranked for ranked in listed if not ranked.candidate.is_open],
        join=[ranked for ranked in listed if ranked.candidate.is_open],
        nearest=None,
    )
    readable = frozenset(row.case_id for row in found if row.readable)
    learn, join, _nearest = await load_matches(session, query, NO_FACETS, ranking, readable, codes)
    mode: Mode = slot.mode or "keywords"
    return SimilarCases(
        mode,
        [replace(m, band=None) for m in learn],
        [replace(m, band=None) for m in join],
        facets=count_facets(About(read_facets(fact, codes), find_key(codes, fact.outcome_id)) for fact in facts),
        counted=len(facts),
    )


def _find_passage(candidate: Candidate) -> UUID | None:
    """The one with most of the words; none where no words were asked for."""
    best = max(candidate.evidence, key=lambda evidence: evidence.found, default=None)
    return best.passage_id if best is not None and best.found > 0 else None


async def _select_newest(session: AsyncSession, scope: Scope, limit: int) -> Rows:
    """Of each pool as many as are shown."""
    visible = scope.select().add_columns(Case.moved_at).cte("visible")
    order: list[ColumnElement[object]] = [visible.c.moved_at.desc(), visible.c.case_id.desc()]
    place = func.row_number().over(partition_by=visible.c.is_open, order_by=order).label("place")
    placed = select(visible, place).subquery()
    newest = select(placed).where(placed.c.place <= limit).order_by(placed.c.case_id)
    return (await session.execute(newest)).all()
