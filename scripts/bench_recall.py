"""Whether the nearest passages that the product finds are the nearest there are: compared with NumPy, row by row."""

from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import load_person
from app.accounts.models import Identity, Organisation, User
from app.accounts.viewer import Viewer
from app.core.db import create_engine, create_session_factory
from app.core.postgres.server import find_server
from app.core.tenancy import enter_organisation
from app.demo.content import ORGANISATION
from app.embeddings.build import default_model_dir
from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.slot import ModelSlot
from app.embeddings.vectors import Vector
from app.similar.filters import Filters
from app.similar.models import PassageVector
from app.similar.nearest import find_nearest
from app.similar.queries import Query, belongs_to, find_generation, list_evidence, select_visible
from app.similar.vocabulary import QueryWords
from scripts.bench_data import read_queries

QUERIES = 50
DEPTH = 10


async def measure_recall(data_dir: Path, person: str = "kari") -> dict[str, Any]:
    """Mean share of the ten nearest visible passages that the product's first stage finds."""
    server = find_server(data_dir)
    engine = create_engine(server.app_url)
    slot = ModelSlot(default_model_dir(data_dir))
    await slot.load()
    assert slot.embedder is not None
    try:
        async with create_session_factory(engine)() as session, session.begin():
            viewer = await find_viewer(session, person)
            rows = await read_visible(session, viewer)
            recalls = await compare(session, viewer, slot.embedder, rows)
    finally:
        await slot.aclose()
        await engine.dispose()
        server.stop()
    return {
        "visible_passages": len(rows[0]),
        "queries": QUERIES,
        "recall_at_10_mean": round(float(np.mean(recalls)), 4),
        "recall_at_10_min": round(float(np.min(recalls)), 4),
    }


async def find_viewer(session: AsyncSession, person: str) -> Viewer:
    organisation = (await session.scalars(select(Organisation).where(Organisation.slug == ORGANISATION[1]))).one()
    await enter_organisation(session, organisation.id)
    email = f"{person}@{ORGANISATION[1]}.example"
    user = (
        await session.scalars(
            select(User).join(Identity, Identity.id == User.identity_id).where(Identity.email == email)
        )
    ).one()
    return await load_person(session, organisation, user, email)


async def read_visible(session: AsyncSession, viewer: Viewer) -> tuple[list[UUID], np.ndarray]:
    """Ids and vectors of every passage the viewer may see."""
    visible = select_visible(viewer, Filters()).cte("visible")
    query = select(PassageVector.passage_id, PassageVector.vector).join_from(
        visible, PassageVector, belongs_to(visible, PassageVector)
    )
    found = (await session.execute(query.order_by(PassageVector.passage_id))).all()
    vectors = np.stack([np.asarray(row.vector, dtype=np.float32) for row in found])
    return [row.passage_id for row in found], vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


async def compare(
    session: AsyncSession, viewer: Viewer, embedder: BatchingEmbedder, rows: tuple[list[UUID], np.ndarray]
) -> list[float]:
    ids, vectors = rows
    recalls = []
    for vector in await embedder.embed_queries(read_queries(QUERIES, words=20, seed=11)):
        exact = {ids[place] for place in np.argsort(-(vectors @ vector), kind="stable")[:DEPTH]}
        recalls.append(len(exact & await find_nearest_passages(session, viewer, embedder.model_id, vector)) / DEPTH)
    return recalls


async def find_nearest_passages(session: AsyncSession, viewer: Viewer, model: str, vector: Vector) -> set[UUID]:
    """The ten nearest passages among the candidates of the product's first stage."""
    query = Query("nb", QueryWords([], [], 1.0), vector, await find_generation(session, model), depth=DEPTH)
    candidates = await find_nearest(session, viewer, query, Filters())
    evidence = await list_evidence(
        session,
        query,
        case_ids=[row.case_id for row in candidates if row.readable],
        practice_ids=[row.practice_id for row in candidates if row.practice_id is not None],
    )
    near = sorted((row for row in evidence if row.cosine is not None), key=lambda row: -row.cosine)
    return {row.id for row in near[:DEPTH]}
