"""Where the process keeps its language model: empty while it loads, and for good when there is none."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Literal, TypeAlias

import structlog

from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.language import prepare_detection
from app.embeddings.loading import ModelUnavailable, load_embedder

log = structlog.get_logger("model")

Mode: TypeAlias = Literal["full", "keywords"]

DIMENSIONS = 384
"""What the passages are stored with; a model of another size cannot be used."""


async def find_none_in_use() -> Collection[str]:
    return ()


class ModelSlot:
    """The model of this process. Everything works without it, by keywords and codes alone.

    Beside it stands the `previous` one, as long as there are vectors in use that it made.
    """

    def __init__(self, model: str | Path | None, previous_model: str | Path | None = None) -> None:
        self.model = model
        self.previous_model = previous_model
        self.mode: Mode | None = None
        """None while the model is loading, "full" when it or the previous one is there."""
        self.embedder: BatchingEmbedder | None = None
        self.previous: BatchingEmbedder | None = None

    @property
    def embedders(self) -> list[BatchingEmbedder]:
        """Those that are loaded, the previous one last."""
        return [embedder for embedder in (self.embedder, self.previous) if embedder is not None]

    def find(self, model_id: str | None) -> BatchingEmbedder | None:
        """The embedder of this model, if it is loaded."""
        return next((embedder for embedder in self.embedders if embedder.model_id == model_id), None)

    async def load(self, find_in_use: Callable[[], Awaitable[Collection[str]]] = find_none_in_use) -> None:
        """Load the model in a thread, and the previous one if models in use say that it is needed.

        Whatever is wrong with them, the mode is known afterwards. Both appear at once: what is read in between would
        have the vectors of one alone.
        """
        await asyncio.to_thread(prepare_detection)
        embedder = await self._load(self.model)
        previous = None
        try:
            if self.previous_model:
                previous = await self._load_previous(embedder, await find_in_use())
        finally:
            self.embedder, self.previous = embedder, previous
            self.mode = "full" if self.embedders else "keywords"

    async def _load_previous(
        self, embedder: BatchingEmbedder | None, in_use: Collection[str]
    ) -> BatchingEmbedder | None:
        """Only when it is needed: a model takes hundreds of MB."""
        needed = set(in_use) - {embedder.model_id if embedder else ""}
        previous = await self._load(self.previous_model) if needed else None
        if previous is not None and previous.model_id not in needed:
            log.warning("previous_model_is_another", model=previous.model_id, in_use=sorted(needed))
            await previous.aclose()
            return None
        return previous

    async def _load(self, model: str | Path | None) -> BatchingEmbedder | None:
        try:
            embedder = await self._load_fitting(model)
        except ModelUnavailable as error:
            log.warning("model_unavailable", reason=str(error))
            return None
        log.info("model_loaded", model=embedder.model_id)
        return embedder

    async def _load_fitting(self, model: str | Path | None) -> BatchingEmbedder:
        if not model:
            raise ModelUnavailable("no language model is named")
        embedder = await asyncio.to_thread(load_embedder, model)
        if embedder.dimensions != DIMENSIONS:
            await embedder.aclose()
            raise ModelUnavailable(f"{embedder.model_id} has {embedder.dimensions} dimensions, not {DIMENSIONS}")
        return embedder

    def keep_to(self, cores: Collection[int]) -> None:
        """Let what is loaded encode on these cores alone, if any are named."""
        for embedder in self.embedders if cores else []:
            embedder.keep_to(cores)

    async def aclose(self) -> None:
        embedders = self.embedders
        self.embedder = self.previous = None
        self.mode = "keywords"
        for embedder in embedders:
            await embedder.aclose()
