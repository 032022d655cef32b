"""What the process has, whatever is wrong with its models."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import aclosing
from pathlib import Path

import pytest

from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.slot import ModelSlot

Damage = Callable[[str, bytes | None], Path]

OTHER_PROMPTS = ("config_sentence_transformers.json", b'{"prompts": {"query": "ask: ", "document": "tell: "}}')
BROKEN = ("model.safetensors", b"half of it")


def tell(*models: str) -> Callable[[], Awaitable[Collection[str]]]:
    """Say that the vectors of these models are in use."""

    async def find_in_use() -> Collection[str]:
        return models

    return find_in_use


def list_loaded(slot: ModelSlot) -> list[str]:
    return [embedder.model_id for embedder in slot.embedders]


async def test_the_previous_model_is_there_while_its_vectors_are_in_use(
    model_dir: Path, embedder: BatchingEmbedder, damaged: Damage
) -> None:
    async with aclosing(ModelSlot(damaged(*OTHER_PROMPTS), model_dir)) as slot:
        assert (slot.mode, slot.find(embedder.model_id)) == (None, None)
        await slot.load(tell(embedder.model_id, "a third"))
        assert slot.mode == "full"
        assert slot.embedder is not None
        assert list_loaded(slot) == [slot.embedder.model_id, embedder.model_id]
        assert slot.find(embedder.model_id) is slot.previous
    assert (list_loaded(slot), slot.mode) == ([], "keywords")


@pytest.mark.parametrize("in_use", ["nothing", "the new one", "a third"])
async def test_a_previous_model_that_nobody_needs_takes_no_memory(
    model_dir: Path, embedder: BatchingEmbedder, damaged: Damage, in_use: str
) -> None:
    known = {"nothing": [], "the new one": [embedder.model_id], "a third": ["a third"]}[in_use]
    async with aclosing(ModelSlot(model_dir, damaged(*OTHER_PROMPTS))) as slot:
        await slot.load(tell(*known))
        assert list_loaded(slot) == [embedder.model_id]


async def test_the_same_model_named_twice_is_loaded_once(model_dir: Path, embedder: BatchingEmbedder) -> None:
    async with aclosing(ModelSlot(model_dir, model_dir)) as slot:
        await slot.load(tell(embedder.model_id, "a third"))
        assert list_loaded(slot) == [embedder.model_id]


async def test_a_broken_model_leaves_the_previous_one(
    model_dir: Path, embedder: BatchingEmbedder, damaged: Damage
) -> None:
    async with aclosing(ModelSlot(damaged(*BROKEN), model_dir)) as slot:
        await slot.load(tell(embedder.model_id))
        assert (slot.mode, slot.embedder, list_loaded(slot)) == ("full", None, [embedder.model_id])


async def test_a_broken_previous_model_leaves_the_new_one(
    model_dir: Path, embedder: BatchingEmbedder, damaged: Damage
) -> None:
    async with aclosing(ModelSlot(model_dir, damaged(*BROKEN))) as slot:
        await slot.load(tell("the one before"))
        assert (slot.mode, list_loaded(slot)) == ("full", [embedder.model_id])


@pytest.mark.parametrize("model", [None, "", "/no/model"])
async def test_without_a_model_there_are_words(model: str | None) -> None:
    async with aclosing(ModelSlot(model, "/no/model/either")) as slot:
        await slot.load(tell("the one before"))
        assert (slot.mode, list_loaded(slot)) == ("keywords", [])


async def test_the_new_model_is_there_when_nobody_can_say_what_is_in_use(
    model_dir: Path, embedder: BatchingEmbedder
) -> None:
    async def fail() -> Collection[str]:
        raise OSError("the database went away")

    async with aclosing(ModelSlot(model_dir, "/no/model")) as slot:
        with pytest.raises(OSError, match="went away"):
            await slot.load(fail)
        assert (slot.mode, list_loaded(slot)) == ("full", [embedder.model_id])


async def test_both_models_appear_at_once(model_dir: Path, embedder: BatchingEmbedder, damaged: Damage) -> None:
    """An edit that only one of them reads would be unknown to the other."""
    asked = asyncio.Event()

    async def find_in_use() -> Collection[str]:
        asked.set()
        return [embedder.model_id]

    async with aclosing(ModelSlot(damaged(*OTHER_PROMPTS), model_dir)) as slot:
        loading = asyncio.create_task(slot.load(find_in_use))
        await asked.wait()
        assert (slot.mode, list_loaded(slot)) == (None, [])
        await loading
        assert len(list_loaded(slot)) == 2
