"""Where the process keeps its language model: empty while it loads, and for good when there is none."""

import asyncio
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


class ModelSlot:
    """The model of this process. Everything works without it, by keywords and codes alone."""

    def __init__(self, model: str | Path | None) -> None:
        self.model = model
        self.mode: Mode | None = None
        """None while the model is loading."""
        self.embedder: BatchingEmbedder | None = None
        """None unless the mode is full."""

    async def load(self) -> None:
        """Load the model in a thread. Whatever is wrong with it, the mode is known afterwards."""
        await asyncio.to_thread(prepare_detection)
        try:
            self.embedder = await self._load_fitting()
        except ModelUnavailable as error:
            log.warning("model_unavailable", reason=str(error))
            self.mode = "keywords"
        else:
            log.info("model_loaded", model=self.embedder.model_id)
            self.mode = "full"

    async def _load_fitting(self) -> BatchingEmbedder:
        if not self.model:
            raise ModelUnavailable("no language model is named")
        embedder = await asyncio.to_thread(load_embedder, self.model)
        if embedder.dimensions != DIMENSIONS:
            await embedder.aclose()
            raise ModelUnavailable(f"{embedder.model_id} has {embedder.dimensions} dimensions, not {DIMENSIONS}")
        return embedder

    async def aclose(self) -> None:
        embedder, self.embedder = self.embedder, None
        self.mode = "keywords"
        if embedder is not None:
            await embedder.aclose()
