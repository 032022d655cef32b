import asyncio
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.embeddings.embedder import BatchingEmbedder, EmbedderClosed
from app.embeddings.vectors import Kind, Vector
from tests.embeddings.conftest import WatchedEncoder

TEXTS = [
    "pris",
    "Kunden svarer ikke",
    "Kunden svarar inte",
    "Legal is blocking the contract, and nobody at the customer knows who owns the question.",
    "Driftssjefen er positiv, men han bestemmer ikke alene. " * 6,
    "Budgeten är flyttad till nästa år. " * 12,
    "🙂",
    "",
]
LONG = "Vi har ringt tre ganger og sendt to e-poster uten svar, og tilbudet løper ut om elleve dager. " * 6


def long_passages(count: int) -> list[str]:
    return [f"{LONG} {number}" for number in range(count)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(st.lists(st.sampled_from(TEXTS), max_size=6), min_size=1, max_size=4))
async def test_vectors_do_not_depend_on_company_or_order(
    embedder: BatchingEmbedder, encoder: WatchedEncoder, groups: list[list[str]]
) -> None:
    alone = {text: (await embedder.embed_passages([text]))[0] for text in TEXTS}
    async with BatchingEmbedder(encoder, cached_vectors=0) as together:
        answers = await asyncio.gather(*(together.embed_passages(group) for group in groups))
    for group, vectors in zip(groups, answers, strict=True):
        assert len(vectors) == len(group)
        for text, vector in zip(group, vectors, strict=True):
            assert vector @ alone[text] >= 0.9999


async def test_concurrent_queries_are_encoded_together(fresh: BatchingEmbedder, encoder: WatchedEncoder) -> None:
    await asyncio.gather(*(fresh.embed_queries([f"stille kunde {number}"]) for number in range(6)))
    assert encoder.batches == [("query", [f"stille kunde {number}" for number in range(6)])]


async def test_a_text_is_encoded_once(fresh: BatchingEmbedder, encoder: WatchedEncoder) -> None:
    answers = await asyncio.gather(*(fresh.embed_passages(["pris", "pris"]) for _ in range(3)))
    answers.append(await fresh.embed_passages(["pris"]))
    assert encoder.texts == ["pris"]
    assert len({id(vector) for vectors in answers for vector in vectors}) == 1


async def test_a_query_is_not_a_passage(fresh: BatchingEmbedder, encoder: WatchedEncoder) -> None:
    [query], [passage] = await asyncio.gather(fresh.embed_queries(["pris"]), fresh.embed_passages(["pris"]))
    assert encoder.batches == [("query", ["pris"]), ("passage", ["pris"])]
    assert query @ passage < 0.999


async def test_the_least_used_vector_leaves_the_cache(encoder: WatchedEncoder) -> None:
    async with BatchingEmbedder(encoder, cached_vectors=2) as embedder:
        for text in ("a", "b", "a", "c", "a", "b"):
            await embedder.embed_queries([text])
    assert encoder.texts == ["a", "b", "c", "b"]


async def test_cached_vectors_cannot_be_changed(fresh: BatchingEmbedder) -> None:
    [vector] = await fresh.embed_queries(["pris"])
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


async def test_a_query_overtakes_passages(fresh: BatchingEmbedder, encoder: WatchedEncoder) -> None:
    passages = asyncio.create_task(fresh.embed_passages(long_passages(12)))
    await asyncio.to_thread(encoder.begun.wait)
    await fresh.embed_queries(["stille kunde"])
    assert not passages.done()
    assert [kind for kind, _texts in encoder.batches].index("query") <= 2
    assert len(await passages) == 12


async def test_a_cancelled_caller_takes_its_waiting_texts_along(
    fresh: BatchingEmbedder, encoder: WatchedEncoder
) -> None:
    passages = asyncio.create_task(fresh.embed_passages(long_passages(12)))
    shared = asyncio.create_task(fresh.embed_passages(long_passages(12)[-1:]))
    await asyncio.to_thread(encoder.begun.wait)
    passages.cancel()
    with pytest.raises(asyncio.CancelledError):
        await passages
    await shared
    await fresh.embed_passages(["pris"])
    assert len(encoder.texts) <= 4
    assert encoder.texts[-2:] == [long_passages(12)[-1], "pris"]


async def test_the_event_loop_goes_on_while_texts_are_encoded(fresh: BatchingEmbedder) -> None:
    passages = asyncio.create_task(fresh.embed_passages(long_passages(10)))
    started = time.perf_counter()
    ticks = 0
    while not passages.done():
        await asyncio.sleep(0.002)
        ticks += 1
    assert ticks > 50 * (time.perf_counter() - started)


class FailingEncoder(WatchedEncoder):
    def encode(self, texts: list[str], kind: Kind) -> Vector:
        if "fail" in texts:
            raise MemoryError
        return super().encode(texts, kind)


async def test_an_error_reaches_every_caller_and_passes(encoder: WatchedEncoder) -> None:
    async with BatchingEmbedder(FailingEncoder(encoder)) as embedder:
        answers = await asyncio.gather(
            embedder.embed_queries(["fail"]), embedder.embed_queries(["pris"]), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [MemoryError, MemoryError]
        [vector] = await embedder.embed_queries(["pris"])
    assert np.isfinite(vector).all()


async def test_closing_refuses_what_waits_and_what_comes(encoder: WatchedEncoder) -> None:
    embedder = BatchingEmbedder(encoder)
    passages = asyncio.create_task(embedder.embed_passages(long_passages(12)))
    await asyncio.to_thread(encoder.begun.wait)
    await embedder.aclose()
    with pytest.raises(EmbedderClosed):
        await passages
    with pytest.raises(EmbedderClosed):
        await embedder.embed_queries(["pris"])
    assert len(encoder.batches) == 1


async def test_nothing_in_gives_nothing_out(fresh: BatchingEmbedder) -> None:
    assert await fresh.embed_queries([]) == []
