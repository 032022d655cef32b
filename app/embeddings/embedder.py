"""Texts to vectors without blocking the event loop: one encoder thread, batches, a cache."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol, Self, TypeAlias

from app.embeddings.adaptation import Adaptation
from app.embeddings.vectors import Kind, Vector

Key: TypeAlias = bytes

BATCH_TEXTS = 8
BATCH_CHARACTERS = 1000
"""A query that arrives while passages are encoded waits for one batch at most, so a batch is short."""

CACHED_VECTORS = 8192


class EmbedderClosed(RuntimeError):
    """The embedder was closed before the text was encoded."""


class Encoder(Protocol):
    """The model itself, called from one thread at a time."""

    @property
    def model_id(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def adaptation(self) -> Adaptation: ...

    def encode(self, texts: list[str], kind: Kind) -> Vector:
        """A row of length 1 per text, float32; padding makes no difference beyond rounding."""


@dataclass(eq=False)
class Job:
    """A text to be encoded, and how many callers wait for it."""

    text: str
    vector: asyncio.Future[Vector]
    waiters: int = 0


class BatchingEmbedder:
    """The embedder over an encoder. To be used from one event loop, and closed by `aclose` or `async with`.

    Texts that wait at the same time are encoded together, queries before passages. A text whose callers
    have all been cancelled is dropped unless its batch has begun. Vectors are cached by their text and
    read-only. An encoder's error reaches every caller of its batch.
    """

    def __init__(self, encoder: Encoder, *, cached_vectors: int = CACHED_VECTORS) -> None:
        self.model_id = encoder.model_id
        self.dimensions = encoder.dimensions
        self.adaptation = encoder.adaptation
        self._encoder = encoder
        self._cached_vectors = cached_vectors
        self._cache: OrderedDict[Key, Vector] = OrderedDict()
        self._waiting: dict[Kind, dict[Key, Job]] = {"query": {}, "story": {}, "passage": {}}
        self._running: dict[Key, Job] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")
        self._dispatcher: asyncio.Task[None] | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Refuses waiting and new texts, and returns when the batch under way is done."""
        self._closed = True
        for queue in self._waiting.values():
            _fail(queue.values(), EmbedderClosed("the embedder is closed"))
            queue.clear()
        if self._dispatcher is not None:
            await asyncio.wait([self._dispatcher])
        self._thread.shutdown()

    def keep_to(self, cores: Collection[int]) -> None:
        """Encode on these cores alone."""
        self._thread.submit(os.sched_setaffinity, 0, cores).result()

    async def embed_queries(self, texts: list[str]) -> list[Vector]:
        return await self._embed(texts, "query")

    async def embed_passages(self, texts: list[str]) -> list[Vector]:
        return await self._embed(texts, "passage")

    async def embed_stories(self, texts: list[str]) -> list[Vector]:
        return await self._embed(texts, "story")

    async def _embed(self, texts: list[str], kind: Kind) -> list[Vector]:
        if self._closed:
            raise EmbedderClosed("the embedder is closed")
        keys = [_key(text, kind) for text in texts]
        found = {key: self._cache[key] for key in keys if key in self._cache}
        for key in found:
            self._cache.move_to_end(key)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            found |= await self._wait_for(self._enqueue(missing, kind), kind)
        return [found[key] for key in keys]

    def _enqueue(self, texts: dict[Key, str], kind: Kind) -> dict[Key, Job]:
        loop = asyncio.get_running_loop()
        queue = self._waiting[kind]
        jobs = {}
        # Texts of like length share a batch, for a batch is padded to its longest text.
        for key, text in sorted(texts.items(), key=lambda item: len(item[1])):
            job = self._running.get(key) or queue.setdefault(key, Job(text, loop.create_future()))
            job.waiters += 1
            jobs[key] = job
        if self._dispatcher is None or self._dispatcher.done():
            self._dispatcher = loop.create_task(self._dispatch())
        return jobs

    async def _wait_for(self, jobs: dict[Key, Job], kind: Kind) -> dict[Key, Vector]:
        try:
            await asyncio.wait([job.vector for job in jobs.values()])
        finally:
            for key, job in jobs.items():
                job.waiters -= 1
                if not job.waiters and self._waiting[kind].get(key) is job:
                    del self._waiting[kind][key]
        return {key: job.vector.result() for key, job in jobs.items()}

    async def _dispatch(self) -> None:
        loop = asyncio.get_running_loop()
        while kind := next((kind for kind, queue in self._waiting.items() if queue), None):
            self._running = self._take_batch(kind)
            jobs = list(self._running.values())
            encoded = loop.run_in_executor(self._thread, self._encoder.encode, [j.text for j in jobs], kind)
            await asyncio.wait([encoded])
            if error := encoded.exception():
                _fail(jobs, error)
            else:
                self._store(self._running, encoded.result())
            self._running = {}

    def _take_batch(self, kind: Kind) -> dict[Key, Job]:
        """The first text, and those after it as long as the batch stays short."""
        queue = self._waiting[kind]
        batch: dict[Key, Job] = {}
        longest = 0
        for key, job in queue.items():
            longest = max(longest, len(job.text))
            if batch and (len(batch) == BATCH_TEXTS or longest * (len(batch) + 1) > BATCH_CHARACTERS):
                break
            batch[key] = job
        for key in batch:
            del queue[key]
        return batch

    def _store(self, jobs: dict[Key, Job], vectors: Vector) -> None:
        for (key, job), vector in zip(jobs.items(), vectors, strict=True):
            vector.setflags(write=False)
            self._cache[key] = vector
            job.vector.set_result(vector)
        while len(self._cache) > self._cached_vectors:
            self._cache.popitem(last=False)


def _key(text: str, kind: Kind) -> Key:
    return blake2b(f"{kind}\0{text}".encode(errors="surrogatepass"), digest_size=16).digest()


def _fail(jobs: Iterable[Job], error: BaseException) -> None:
    for job in jobs:
        job.vector.set_exception(error)
        job.vector.exception()  # Marks it as seen: its callers may have been cancelled.
