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
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    func,
    literal,
    select,
    text,
    true,
    union,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.stand_ins import select_led
from app.accounts.viewer import Viewer
from app.cases.models import Case, Hat, HatStatus, Visibility
from app.embeddings.vectors import Vector
from app.practices.models import Practice
from app.practices.queries import visible_to as practice_visible_to
from app.similar.models import PassageVector
from app.similar.queries import GENERATION, VECTOR
from app.similar.scope import INDEXED_STATES, POOLS, Rows, Scope, belongs_to, select_first, write_once

Vectors: TypeAlias = type[Any]
"""A table like PassageVector: a vector of length 1, with organisation, generation, case and practice."""

WALK_BY_SCAN = 60
"""What a walk to the vectors that are wanted costs where everything passes, in cases of an exact scan."""
FEWEST_BY_INDEX = 1_000
MOST_EXACT = 50_000
"""Cases that pass: up to the one the exact scan is fast enough, above the other too slow, whatever the index holds."""

VECTORS_A_CASE = 4
"""So many vectors are walked to for each case that is wanted, as a case has several."""
NARROWEST, WIDEST = 100, 600
"""So many vectors are kept in view on a walk, the more the larger the table: less would lose near ones."""
SET_UP_WALK = text(
    """
    SELECT
        set_config('hnsw.iterative_scan', 'relaxed_order', true),
        set_config('hnsw.ef_search', cast(:width AS text), true),
        set_config('hnsw.max_scan_tuples', '60000', true),
        set_config('hnsw.scan_mem_multiplier', '4', true)
    """
)
READ_SIZE = text("SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = cast(:name AS regclass)")

KNOWN_SECONDS = 60
KNOWN_NUMBERS = 2_000
_known: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
"""Counts, and when they were made. They choose the way alone: an old one costs time, never a case."""


async def find_nearest(
    session: AsyncSession,
    scope: Scope,
    vector: Vector,
    generation_id: UUID,
    depth: int,
    vectors: Vectors = PassageVector,
) -> Rows:
    """The `depth` cases of each pool with the nearest vectors: case_id, practice_id, is_open, readable, distance.

    Rights and filters come first: there are as many rows as there are cases that pass, up to the depth.
    """
    asked = {"vector": vector, "generation_id": generation_id}
    size = await _read_size(session, vectors)
    line = int(min(MOST_EXACT, max(FEWEST_BY_INDEX, math.sqrt(WALK_BY_SCAN * size))))
    sees_few = await _count_reach(session, scope.viewer, line) <= line
    many = [] if sees_few else [pool for pool in POOLS if await _count_passing(session, scope, pool, line) > line]
    found: dict[bool, Rows] = {}
    if many:
        width = min(WIDEST, max(NARROWEST, math.isqrt(int(size)) // 2))
        await session.execute(SET_UP_WALK, {"width": width})
        found = await _find_by_index(session, scope, vectors, many, depth, asked)
    lacking = tuple(pool for pool in POOLS if len(found.get(pool, ())) < depth)
    if lacking:
        exact = write_exact(scope, vectors, lacking, depth, sees_few=sees_few)
        found |= _part((await session.execute(exact, asked)).all(), lacking)
    return [row for pool in POOLS for row in found[pool]]


def _measure(vectors: Vectors) -> ColumnElement[float]:
    """Of vectors of length 1: the negative cosine."""
    distance: ColumnElement[float] = vectors.vector.max_inner_product(VECTOR)
    return distance


def _belongs(scope: Scope, vectors: Vectors, visible: FromClause) -> ColumnElement[bool]:
    """Which vectors are those of a visible case or practice."""
    return and_(
        vectors.organisation_id == scope.viewer.organisation_id,
        vectors.generation_id == GENERATION,
        belongs_to(visible, vectors),
    )


@write_once
def write_exact(
    scope: Scope, vectors: Vectors, pools: Sequence[bool], depth: int, *, sees_few: bool
) -> Select[*tuple[Any, ...]]:
    """The nearest cases of these pools, by comparing every vector that passes."""
    passing = scope.select(pools)
    if sees_few:
        passing = passing.where(Case.id.in_(union(*list_ways(scope.viewer))))
    visible = passing.cte("visible")
    # Of the bare distance PostgreSQL takes the first that a walk of the index brings, and calls it the smallest.
    best = select(func.min(_measure(vectors) + 0).label("distance")).where(_belongs(scope, vectors, visible))
    nearest = best.correlate(visible).lateral("nearest")
    measured = (
        select(visible, nearest.c.distance)
        .join_from(visible, nearest, true())
        .where(nearest.c.distance.is_not(None))
        .subquery("measured")
    )
    return select_first(measured, depth, measured.c.distance)


async def _find_by_index(
    session: AsyncSession,
    scope: Scope,
    vectors: Vectors,
    pools: Collection[bool],
    depth: int,
    asked: dict[str, Any],
) -> dict[bool, Rows]:
    """The nearest cases of these pools, as far as a bounded walk of the index brings them; together at first."""

    async def walk(chosen: Sequence[bool]) -> dict[bool, Rows]:
        """What a walk brings; nothing of one that was cut short, as it may have passed nearer ones by."""
        wanted = VECTORS_A_CASE * depth * len(chosen)
        rows = (await session.execute(write_walk(scope, vectors, chosen, depth, wanted), asked)).all()
        return _part(rows if rows and rows[0].walked == wanted else (), chosen)

    found = await walk(tuple(pools))
    for pool in pools:
        if len(pools) > 1 and len(found[pool]) < depth:
            found |= await walk((pool,))
    return found


@write_once
def write_walk(
    scope: Scope, vectors: Vectors, pools: Sequence[bool], depth: int, wanted: int
) -> Select[*tuple[Any, ...]]:
    """The nearest cases of these pools among the `wanted` nearest vectors, and how many vectors there were."""
    distance = _measure(vectors).label("distance")
    passing = scope.select(pools).where(Case.id == vectors.case_id).correlate(vectors).subquery("passing")
    # As a scalar it is asked of each vector as the walk comes by: EXISTS may become a join that asks all at once.
    passes = select(literal(True)).select_from(passing).where(_belongs(scope, vectors, passing)).correlate(vectors)
    near = (
        select(vectors.case_id, distance)
        .where(
            vectors.organisation_id == scope.viewer.organisation_id,
            vectors.generation_id == GENERATION,
            passes.scalar_subquery(),
        )
        .order_by(_measure(vectors))
        .limit(wanted)
        .cte("near")
        .prefix_with("MATERIALIZED")
    )
    nearest = (
        select(near.c.case_id, func.min(near.c.distance).label("distance")).group_by(near.c.case_id).cte("nearest")
    )
    visible = scope.select(pools).where(Case.id.in_(select(nearest.c.case_id))).cte("visible")
    walked = select(func.count()).select_from(near).scalar_subquery().label("walked")
    found = select(visible, nearest.c.distance, walked).join_from(
        nearest, visible, visible.c.case_id == nearest.c.case_id
    )
    measured = found.subquery("measured")
    return select_first(measured, depth, measured.c.distance)


def _part(rows: Rows, pools: Collection[bool]) -> dict[bool, Rows]:
    return {pool: [row for row in rows if row.is_open is pool] for pool in pools}


async def _read_size(session: AsyncSession, vectors: Vectors) -> float:
    """About how many rows the table has."""
    name = vectors.__tablename__
    return await _recall(name, lambda: session.scalar(READ_SIZE, {"name": name}))


async def _count_reach(session: AsyncSession, viewer: Viewer, line: int) -> float:
    """How many cases the viewer may see at most, as far as just above the line."""

    async def count() -> float | None:
        ways = [select(way.limit(line + 1).subquery()) for way in list_ways(viewer)]
        return await session.scalar(select(func.count()).select_from(union(*ways).subquery()))

    return await _recall((*_name(viewer), line), count)


async def _count_passing(session: AsyncSession, scope: Scope, pool: bool, line: int) -> float:  # noqa: FBT001 - pools are told apart by it.
    """How many cases of a pool pass, as far as just above the line."""

    async def count() -> float | None:
        passing = scope.select([pool]).limit(line + 1).subquery()
        return await session.scalar(select(func.count()).select_from(passing))

    return await _recall((*_name(scope.viewer), repr(scope.filters), pool, line), count)


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
    worn = select(Hat.case_id).where(Hat.user_id.in_(viewer.user_ids), Hat.status == HatStatus.ACCEPTED)
    led = select_led(viewer.led_team_ids)
    return [
        *ways,
        cases.where(Case.owner_id.in_(viewer.user_ids)),
        cases.where(Case.id.in_(worn)),
        cases.where(Case.visibility == Visibility.TEAM, Case.team_id.in_(viewer.team_ids)),
        cases.where(Case.visibility == Visibility.RESTRICTED, Case.owner_id.in_(led)),
    ]


def _name(viewer: Viewer) -> tuple[Hashable, ...]:
    return viewer.organisation_id, viewer.behind_id or viewer.user_id, viewer.client_id


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
