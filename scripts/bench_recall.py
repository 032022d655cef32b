"""How fast and how right the nearest stage is, for filters that keep much and little, and for several tenants.

What is right is found with NumPy, among the same rows that the viewer may see.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.members import load_person
from app.accounts.models import Identity, Organisation, Team, User
from app.accounts.viewer import Viewer
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.postgres.server import find_server
from app.core.tenancy import enter_organisation
from app.demo.content import ORGANISATION
from app.embeddings.build import default_model_dir
from app.embeddings.slot import DIMENSIONS, ModelSlot
from app.embeddings.vectors import Vector
from app.similar.filters import Filters
from app.similar.models import Generation, PassageVector
from app.similar.nearest import find_nearest
from app.similar.scope import EVERYTHING, Rows, Scope, belongs_to, select_visible
from scripts.bench_data import read_queries
from scripts.bench_load import SHARES, TENANT_SLUG, TENANTS

PERSON = "kari"
QUERIES = 60
WARM_UP = 5
DEPTH = 10
NEAR_ENOUGH = 400
"""Among so many nearest vectors of a pool there are ten cases."""
CLIENTS = 8
READ_AT_ONCE = 5_000
COUNT_WALKS = text("SELECT pg_stat_get_xact_numscans(cast('ix_passage_vectors_vector' AS regclass))")


@dataclass(frozen=True)
class VisibleRows:
    """What the viewer may see and the filter keeps, a row a vector."""

    cases: np.ndarray
    is_open: np.ndarray
    vectors: np.ndarray

    def find_nearest(self, query: Vector, *, is_open: bool) -> set[bytes]:
        """Ids of the nearest cases of a pool."""
        rows = np.flatnonzero(self.is_open == is_open)
        # The database has the query in half precision, too: what differs by less than that is equally near.
        near = self.vectors[rows] @ query.astype(np.float16).astype(np.float32)
        first = np.argpartition(-near, NEAR_ENOUGH)[:NEAR_ENOUGH] if len(near) > NEAR_ENOUGH else np.arange(len(near))
        ordered = rows[first[np.argsort(-near[first], kind="stable")]]
        return set(list(dict.fromkeys(self.cases[row].tobytes() for row in ordered))[:DEPTH])


async def measure_nearest(data_dir: Path) -> dict[str, Any]:
    """Latency, way and recall by filter and tenant, and the throughput of several clients without a filter."""
    server = find_server(data_dir)
    engine = create_engine(server.app_url)
    factory = create_session_factory(engine)
    slot = ModelSlot(default_model_dir(data_dir))
    await slot.load()
    assert slot.embedder is not None
    queries = await slot.embedder.embed_queries(read_queries(QUERIES, words=20, seed=11))
    await slot.aclose()
    found: dict[str, Any] = {}
    try:
        for name, slug, share in list_settings():
            async with factory() as session, session.begin():
                viewer = await find_viewer(session, slug)
                found[name] = await _measure(session, viewer, await _make_filters(session, share), queries)
        found["clients"] = await measure_clients(factory, queries)
    finally:
        await engine.dispose()
        server.stop()
    return found


def list_settings() -> list[tuple[str, str, str | None]]:
    """What is measured: its name, the tenant's slug, and the team that the filter names."""
    demo = ORGANISATION[1]
    shares = [(share, demo, share) for share in SHARES]
    return [("100 %", demo, None), *shares, *((f"tenant {slug}", TENANT_SLUG.format(slug), None) for slug in TENANTS)]


async def find_viewer(session: AsyncSession, slug: str) -> Viewer:
    """The person as a member of the tenant, which the session enters."""
    organisation = (await session.scalars(select(Organisation).where(Organisation.slug == slug))).one()
    await enter_organisation(session, organisation.id)
    email = f"{PERSON}@{ORGANISATION[1]}.example"
    query = select(User).join(Identity, Identity.id == User.identity_id).where(Identity.email == email)
    return await load_person(session, organisation, (await session.scalars(query)).one(), email)


async def _make_filters(session: AsyncSession, team: str | None) -> Filters:
    if team is None:
        return EVERYTHING
    return Filters(team_id=(await session.scalars(select(Team.id).where(Team.name == team))).one())


async def _measure(
    session: AsyncSession, viewer: Viewer, filters: Filters, queries: Sequence[Vector]
) -> dict[str, Any]:
    rows = await read_visible(session, viewer, filters)
    times: list[float] = []
    recalls: list[float] = []
    walks_before = await session.scalar(COUNT_WALKS)
    for vector in queries:
        started = time.perf_counter()
        found = await ask(session, viewer, filters, vector)
        times.append((time.perf_counter() - started) * 1000)
        recalls.extend(compare(rows, found, vector))
    walks = (await session.scalar(COUNT_WALKS)) - walks_before
    ordered = sorted(times[WARM_UP:])
    return {
        "visible_vectors": len(rows.cases),
        "visible_cases": len(np.unique(rows.cases, axis=0)),
        "way": "index" if walks else "exact",
        "first_ms": round(times[0], 1),
        "p50_ms": round(float(np.percentile(ordered, 50)), 1),
        "p95_ms": round(float(np.percentile(ordered, 95)), 1),
        "recall_at_10_mean": round(float(np.mean(recalls)), 4),
        "recall_at_10_min": round(float(np.min(recalls)), 4),
    }


async def ask(session: AsyncSession, viewer: Viewer, filters: Filters, vector: Vector) -> Rows:
    generation_id = (await session.scalars(select(Generation.id).where(Generation.in_use))).one()
    return await find_nearest(session, Scope(viewer, filters), vector, generation_id, DEPTH)


def compare(rows: VisibleRows, found: Rows, vector: Vector) -> list[float]:
    """The share of the nearest cases that was found, in each pool that holds any. Refuses a pool with too few."""
    shares = []
    for is_open in (False, True):
        wanted = rows.find_nearest(vector, is_open=is_open)
        given = {row.case_id.bytes for row in found if row.is_open is is_open}
        if len(given) != len(wanted):
            raise AssertionError(f"{len(given)} cases instead of {len(wanted)}")
        if wanted:
            shares.append(len(given & wanted) / len(wanted))
    return shares


async def read_visible(session: AsyncSession, viewer: Viewer, filters: Filters) -> VisibleRows:
    """Vectors of every passage that the viewer may see and the filter keeps, as the server sends them in binary."""
    visible = select_visible(viewer, filters).cte("visible")
    query = select(
        visible.c.case_id, visible.c.is_open, func.halfvec_send(PassageVector.vector).label("sent")
    ).join_from(visible, PassageVector, belongs_to(visible, PassageVector))
    cases, is_open, vectors = [], [], []
    stream = await session.stream(query.execution_options(yield_per=READ_AT_ONCE))
    async for part in stream.partitions():
        cases.append(np.frombuffer(b"".join(row.case_id.bytes for row in part), np.uint8).reshape(-1, 16))
        is_open.append(np.array([row.is_open for row in part]))
        sent = np.frombuffer(b"".join(row.sent for row in part), ">f2").reshape(-1, DIMENSIONS + 2)
        vectors.append(sent[:, 2:].astype(np.float32))
    return VisibleRows(np.concatenate(cases), np.concatenate(is_open), np.concatenate(vectors))


async def measure_clients(factory: SessionFactory, queries: Sequence[Vector]) -> dict[str, Any]:
    """Clients that ask without a pause, each on a connection of its own."""
    waits: list[float] = []

    async def client(number: int) -> None:
        for vector in np.roll(np.stack(queries), number, axis=0):
            started = time.perf_counter()
            async with factory() as session, session.begin():
                await ask(session, await find_viewer(session, ORGANISATION[1]), EVERYTHING, vector)
            waits.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    elapsed = time.perf_counter() - started
    return {
        "clients": CLIENTS,
        "requests_per_s": round(len(waits) / elapsed, 1),
        "p50_ms": round(float(np.percentile(waits, 50)), 1),
        "p95_ms": round(float(np.percentile(waits, 95)), 1),
    }
