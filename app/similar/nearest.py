"""The cases with the nearest vectors: by an exact scan of few, by the index of vectors among many.

An index of vectors knows nothing of filters and rights: it is walked from the nearest vector outwards, and what may
not be seen is left out on the way. The walk takes the longer, the smaller the share of the whole table that passes;
an exact scan takes the longer, the more passes. They meet where the number that passes is about the square root of a
multiple of the table's size. Where a walk brings too little, or was cut short, the exact scan answers: neither a filter
nor another tenant makes the answer shorter than it could be.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, literal, select, text, true, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import TeamMember
from app.accounts.viewer import Viewer
from app.cases.models import Case, Hat, HatStatus, Visibility
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, State
from app.practices.models import Practice
from app.practices.queries import Codes
from app.practices.queries import visible_to as practice_visible_to
from app.similar.filters import Filters
from app.similar.models import PassageVector
from app.similar.queries import INDEXED_STATES, NO_CODES, Query, Rows, belongs_to, select_visible

Vectors: TypeAlias = type[Any]
"""A table like PassageVector: a vector of length 1, with organisation, generation, case and practice."""

POOLS: dict[bool, frozenset[State]] = {False: CLOSED_STATES, True: OPEN_STATES}
"""The states of each pool, by whether it is open."""

WALK_BY_SCAN = 60
"""What a walk to the vectors that are wanted costs where everything passes, in cases of an exact scan."""
FEWEST_BY_INDEX = 1_000
MOST_EXACT = 50_000
"""Cases that pass: up to the one the exact scan is fast enough, above the other too slow, whatever the index holds."""

VECTORS_A_CASE = 4
"""So many vectors are walked to for each case that is wanted, as a case has several."""
SET_UP_WALK = text(
    """
    SELECT
        set_config('hnsw.iterative_scan', 'relaxed_order', true),
        set_config('hnsw.ef_search', '600', true),
        set_config('hnsw.max_scan_tuples', '60000', true),
        set_config('hnsw.scan_mem_multiplier', '4', true)
    """
)
READ_SIZE = text("SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = cast(:name AS regclass)")

KNOWN_SECONDS = 60
KNOWN_NUMBERS = 2_000
_known: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
"""Counts, and when they were made. They choose the way alone: an old one costs time, never a case."""


@dataclass(frozen=True)
class _Search:
    """What is looked for, and among what."""

    viewer: Viewer
    query: Query
    filters: Filters
    codes: Codes
    vectors: Vectors

    @property
    def distance(self) -> ColumnElement[float]:
        """Of vectors of length 1: the negative cosine."""
        distance: ColumnElement[float] = self.vectors.vector.max_inner_product(self.query.vector)
        return distance

    def select_visible(self, pools: Collection[bool]) -> Select[*tuple[Any, ...]]:
        """The cases of these pools that pass. The organisation is named again, so that PostgreSQL plans for it."""
        states = frozenset[State]().union(*(POOLS[pool] for pool in pools))
        return select_visible(self.viewer, self.filters, self.codes).where(
            Case.organisation_id == self.viewer.organisation_id, Case.state.in_(sorted(states))
        )

    def compare_with(self, visible: FromClause) -> ColumnElement[bool]:
        """Which vectors are those of a visible case or practice."""
        return and_(
            self.vectors.organisation_id == self.viewer.organisation_id,
            self.vectors.generation_id == self.query.generation_id,
            belongs_to(visible, self.vectors),
        )

    def select_first(self, measured: FromClause) -> Select[*tuple[Any, ...]]:
        """The nearest cases of each pool, of visible ones with their distance."""
        order = [measured.c.distance, measured.c.case_id]
        place = func.row_number().over(partition_by=measured.c.is_open, order_by=order).label("place")
        placed = select(measured, place).subquery("placed")
        return (
            select(*(placed.c[column.key] for column in measured.c))
            .where(placed.c.place <= self.query.depth)
            .order_by(placed.c.is_open, placed.c.place)
        )


async def find_nearest(
    session: AsyncSession,
    viewer: Viewer,
    query: Query,
    filters: Filters,
    codes: Codes = NO_CODES,
    vectors: Vectors = PassageVector,
) -> Rows:
    """The `depth` cases of each pool with the nearest vectors: case_id, practice_id, is_open, readable, distance.

    Rights and filters come first: there are as many rows as there are cases that pass, up to the depth.
    """
    search = _Search(viewer, query, filters, codes, vectors)
    line = await _find_line(session, vectors)
    sees_few = await _count_reach(session, viewer, line) <= line
    many = [] if sees_few else [pool for pool in POOLS if await _count_passing(session, search, pool, line) > line]
    found = await _find_by_index(session, search, many)
    lacking = [pool for pool in POOLS if len(found.get(pool, ())) < query.depth]
    if lacking:
        found |= await _find_exactly(session, search, lacking, sees_few=sees_few)
    return [row for pool in POOLS for row in found[pool]]


async def _find_exactly(
    session: AsyncSession, search: _Search, pools: Collection[bool], *, sees_few: bool
) -> dict[bool, Rows]:
    """The nearest cases of these pools, by comparing every vector that passes."""
    passing = search.select_visible(pools)
    if sees_few:
        passing = passing.where(Case.id.in_(union(*list_ways(search.viewer))))
    visible = passing.cte("visible")
    # Of the bare distance PostgreSQL takes the first that a walk of the index brings, and calls it the smallest.
    best = select(func.min(search.distance + 0).label("distance")).where(search.compare_with(visible))
    nearest = best.correlate(visible).lateral("nearest")
    measured = (
        select(visible, nearest.c.distance)
        .join_from(visible, nearest, true())
        .where(nearest.c.distance.is_not(None))
        .subquery("measured")
    )
    return _part((await session.execute(search.select_first(measured))).all(), pools)


async def _find_by_index(session: AsyncSession, search: _Search, pools: Collection[bool]) -> dict[bool, Rows]:
    """The nearest cases of these pools, as far as a bounded walk of the index brings them; together at first."""
    if not pools:
        return {}
    await session.execute(SET_UP_WALK)
    found = await _walk(session, search, pools)
    for pool in pools:
        if len(pools) > 1 and len(found[pool]) < search.query.depth:
            found |= await _walk(session, search, [pool])
    return found


async def _walk(session: AsyncSession, search: _Search, pools: Collection[bool]) -> dict[bool, Rows]:
    """What a walk brings; nothing of one that was cut short, as it may have passed nearer ones by."""
    wanted = VECTORS_A_CASE * search.query.depth * len(pools)
    rows = (await session.execute(_select_by_index(search, pools, wanted))).all()
    return _part(rows if rows and rows[0].walked == wanted else (), pools)


def _select_by_index(search: _Search, pools: Collection[bool], wanted: int) -> Select[*tuple[Any, ...]]:
    vectors = search.vectors
    passing = search.select_visible(pools).where(Case.id == vectors.case_id).correlate(vectors).subquery("passing")
    # As a scalar it is asked of each vector as the walk comes by: EXISTS may become a join that asks all at once.
    passes = select(literal(True)).select_from(passing).where(search.compare_with(passing)).correlate(vectors)
    near = (
        select(vectors.case_id, search.distance.label("distance"))
        .where(
            vectors.organisation_id == search.viewer.organisation_id,
            vectors.generation_id == search.query.generation_id,
            passes.scalar_subquery(),
        )
        .order_by(search.distance)
        .limit(wanted)
        .cte("near")
        .prefix_with("MATERIALIZED")
    )
    nearest = (
        select(near.c.case_id, func.min(near.c.distance).label("distance")).group_by(near.c.case_id).cte("nearest")
    )
    visible = search.select_visible(pools).where(Case.id.in_(select(nearest.c.case_id))).cte("visible")
    walked = select(func.count()).select_from(near).scalar_subquery().label("walked")
    found = select(visible, nearest.c.distance, walked).join_from(
        nearest, visible, visible.c.case_id == nearest.c.case_id
    )
    return search.select_first(found.subquery("measured"))


def _part(rows: Rows, pools: Collection[bool]) -> dict[bool, Rows]:
    return {pool: [row for row in rows if row.is_open is pool] for pool in pools}


async def _find_line(session: AsyncSession, vectors: Vectors) -> int:
    """Up to so many cases that pass, the exact scan is the better way."""
    name = vectors.__tablename__
    size = await _recall(name, lambda: session.scalar(READ_SIZE, {"name": name}))
    return int(min(MOST_EXACT, max(FEWEST_BY_INDEX, math.sqrt(WALK_BY_SCAN * size))))


async def _count_reach(session: AsyncSession, viewer: Viewer, line: int) -> float:
    """How many cases the viewer may see at most, as far as just above the line."""
    ways = [select(way.limit(line + 1).subquery()) for way in list_ways(viewer)]
    count = select(func.count()).select_from(union(*ways).subquery())
    return await _recall((*_name(viewer), line), lambda: session.scalar(count))


async def _count_passing(session: AsyncSession, search: _Search, pool: bool, line: int) -> float:  # noqa: FBT001
    """How many cases of a pool pass, as far as just above the line."""
    count = select(func.count()).select_from(search.select_visible([pool]).limit(line + 1).subquery())
    key = (*_name(search.viewer), repr(search.filters), pool, line)
    return await _recall(key, lambda: session.scalar(count))


def list_ways(viewer: Viewer) -> list[Select[UUID]]:
    """Cases by each reason that a viewer may see them for: among them is every one that `select_visible` shows.

    Each is found by an index of its own. Joined by OR, with a subquery among them, they would be found by none.
    """
    cases = select(Case.id).where(
        Case.organisation_id == viewer.organisation_id, Case.state.in_(sorted(INDEXED_STATES))
    )
    practised = cases.join(Practice, Practice.case_id == Case.id).where(practice_visible_to(viewer))
    ways = [cases.where(Case.visibility == Visibility.EVERYONE), practised]
    if viewer.user_id is None:
        return [*ways, cases.where(Case.client_id == viewer.client_id)]
    worn = select(Hat.case_id).where(Hat.user_id == viewer.user_id, Hat.status == HatStatus.ACCEPTED)
    led = select(TeamMember.user_id).where(TeamMember.team_id.in_(viewer.led_team_ids))
    return [
        *ways,
        cases.where(Case.owner_id == viewer.user_id),
        cases.where(Case.id.in_(worn)),
        cases.where(Case.visibility == Visibility.TEAM, Case.team_id.in_(viewer.team_ids)),
        cases.where(Case.visibility == Visibility.RESTRICTED, Case.owner_id.in_(led)),
    ]


def _name(viewer: Viewer) -> tuple[Hashable, ...]:
    return viewer.organisation_id, viewer.user_id, viewer.client_id


async def _recall(key: Hashable, count: Callable[[], Awaitable[float | None]]) -> float:
    """A number that was counted within the last minute, or is counted now."""
    number, since = _known.get(key, (0.0, -math.inf))
    if time.monotonic() - since > KNOWN_SECONDS:
        number = await count() or 0
        _known[key] = (number, time.monotonic())
        _known.move_to_end(key)
        while len(_known) > KNOWN_NUMBERS:
            _known.popitem(last=False)
    return number
