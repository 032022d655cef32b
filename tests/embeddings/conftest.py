import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.embeddings.embedder import BatchingEmbedder, Encoder
from app.embeddings.loading import load_embedder
from app.embeddings.vectors import Kind, Vector


class WatchedEncoder:
    """The real encoder, which also writes down what it was given."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.model_id = encoder.model_id
        self.dimensions = encoder.dimensions
        self.adaptation = encoder.adaptation
        self.batches: list[tuple[Kind, list[str]]] = []
        self.begun = threading.Event()

    def encode(self, texts: list[str], kind: Kind) -> Vector:
        self.batches.append((kind, texts))
        self.begun.set()
        return self._encoder.encode(texts, kind)

    @property
    def texts(self) -> list[str]:
        return [text for _kind, texts in self.batches for text in texts]


@pytest.fixture(scope="session")
async def embedder(model_dir: Path) -> AsyncIterator[BatchingEmbedder]:
    async with await asyncio.to_thread(load_embedder, model_dir) as embedder:
        yield embedder


@pytest.fixture
def encoder(embedder: BatchingEmbedder) -> WatchedEncoder:
    return WatchedEncoder(embedder._encoder)


@pytest.fixture
async def fresh(encoder: WatchedEncoder) -> AsyncIterator[BatchingEmbedder]:
    """An embedder with nothing cached, over the watched encoder."""
    async with BatchingEmbedder(encoder) as embedder:
        yield embedder


@pytest.fixture
def damaged(model_dir: Path, tmp_path: Path) -> Callable[[str, bytes | None], Path]:
    """A copy of the model with one file replaced, or removed."""

    def damage(name: str, content: bytes | None) -> Path:
        copy = tmp_path / "damaged"
        for source in model_dir.rglob("*"):
            if source.is_file():
                target = copy / source.relative_to(model_dir)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source)
        (copy / name).unlink()
        if content is not None:
            (copy / name).write_bytes(content)
        return copy

    return damage
