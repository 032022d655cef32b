"""What is asked, as the model reads it while the database looks for its words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeAlias

import numpy as np
import structlog

from app.embeddings.embedder import BatchingEmbedder, EmbedderClosed
from app.embeddings.loading import ModelUnavailable
from app.embeddings.vectors import Vector
from app.similar.passages import cut_text

log = structlog.get_logger("similar")

READ_PIECES = 3
"""Of a long text, as many pieces are read by the model; the whole of it counts by its words."""

Reading: TypeAlias = Awaitable[Vector | None]
"""A vector of length 1, less what only tells the language of the text. None when the model cannot read it."""


@asynccontextmanager
async def read_beside(
    embedder: BatchingEmbedder | None, text: str, language: str
) -> AsyncIterator[tuple[Reading, Reading]]:
    """The text being read, first as a query and then as a story. At the end of the block nothing is read any more."""
    pieces = cut_text(text)[:READ_PIECES]
    reads = [asyncio.ensure_future(read(embedder, pieces, language)) for read in (read_query, read_story)]
    try:
        yield reads[0], reads[1]
    finally:
        await asyncio.gather(*reads, return_exceptions=True)


async def read_query(embedder: BatchingEmbedder | None, pieces: list[str], language: str) -> Vector | None:
    """Of a long text the first pieces together."""
    vectors = await _read(embedder.embed_queries(pieces)) if embedder and pieces else []
    mean: Vector = np.mean(vectors, axis=0) if vectors else np.zeros(1, np.float32)
    length = float(np.linalg.norm(mean))
    return embedder.adaptation.centre(mean / length, "query", language) if embedder and length else None


async def read_story(embedder: BatchingEmbedder | None, pieces: list[str], language: str) -> Vector | None:
    """Of a long text the first piece."""
    vectors = await _read(embedder.embed_stories(pieces[:1])) if embedder and pieces else []
    return embedder.adaptation.centre(vectors[0], "story", language) if embedder and vectors else None


async def _read(vectors: Awaitable[list[Vector]]) -> list[Vector]:
    try:
        return await vectors
    except (EmbedderClosed, ModelUnavailable) as error:
        log.warning("query_not_embedded", reason=str(error))
        return []
