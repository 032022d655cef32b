"""The real language model, and six stuck deals in three languages."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Visibility
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.postgres.databases import Database
from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.loading import load_embedder
from app.embeddings.slot import ModelSlot
from app.similar import vocabulary
from app.similar.jobs import refresh_case
from tests.factories import create_case, create_resolved_case

EVERYONE = Visibility.EVERYONE

STORIES: dict[str, dict[str, Any]] = {
    "left_nb": {
        "language": "nb",
        "title": "Lagersjefen som ville ha oss, har sluttet",
        "situation": "Kontakten vår hos grossisten sa opp. Etterfølgeren kjenner ikke saken og svarer ikke.",
        "desired_state": "Et møte med den nye lagersjefen.",
        "obstacles": ("champion_left",),
        "customer": "Rødbekk Engros AS",
    },
    "left_sv": {
        "language": "sv",
        "title": "Vår förespråkare bytte jobb mitt i affären",
        "situation": "Inköpschefen som drev frågan har slutat. Hans efterträdare vet inget om oss och återkommer inte.",
        "desired_state": "Efterträdaren har hört varför de ville ha oss.",
        "obstacles": ("champion_left",),
        "customer": "Verkstads AB Tallen",
    },
    "price_sv": {
        "language": "sv",
        "title": "Ekonomichefen godtar inte kalkylen",
        "situation": "De tycker att priset är för högt och att återbetalningstiden på fyra år är för lång.",
        "desired_state": "En kalkyl som ekonomichefen själv skriver under på.",
        "obstacles": ("price_or_return",),
        "customer": "Åkeri Norr AB",
    },
    "price_nb": {
        "language": "nb",
        "title": "Konkurrenten er billigere",
        "situation": "Kunden sier at tilbudet vårt er for dyrt, og at de ikke ser hva de tjener på det.",
        "desired_state": "De regner på hva stopp koster dem.",
        "obstacles": ("price_or_return",),
        "customer": "Fjellbygg AS",
    },
    "legal_en": {
        "language": "en",
        "title": "Their lawyers want unlimited liability",
        "situation": "The contract has been with the legal department for nine weeks over one clause about liability.",
        "desired_state": "A cap both sides can sign.",
        "obstacles": ("legal_or_procurement",),
        "customer": "Harbour Workboats Ltd",
    },
    "silent_en": {
        "language": "en",
        "title": "Nine unanswered mails after the demo",
        "situation": "They were keen in the demo, asked for a quote, and have not answered a mail or a call since.",
        "desired_state": "A yes or a no from the buyer.",
        "obstacles": ("silent",),
        "customer": "Plant Hire Co",
    },
}
RESOLVED = {"left_sv", "price_sv", "silent_en"}


@pytest.fixture(scope="session")
async def slot(model_dir: Path) -> AsyncIterator[ModelSlot]:
    """The real model, loaded once a run."""
    slot = ModelSlot(model_dir)
    await slot.load()
    assert slot.mode == "full"
    yield slot
    await slot.aclose()


@pytest.fixture(scope="session")
async def other(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BatchingEmbedder]:
    """The same weights with other prompts: a model of another identity, with other vectors."""
    copy = tmp_path_factory.mktemp("models") / "other"
    shutil.copytree(model_dir, copy, copy_function=os.symlink)
    prompts = copy / "config_sentence_transformers.json"
    prompts.unlink()
    prompts.write_text(json.dumps({"prompts": {"query": "passage: ", "document": "query: "}}))
    async with await asyncio.to_thread(load_embedder, copy) as embedder:
        yield embedder


def fill_slot(embedder: BatchingEmbedder | None, previous: BatchingEmbedder | None = None) -> ModelSlot:
    """A slot in which these are loaded. To be left open."""
    slot = ModelSlot(None)
    slot.embedder, slot.previous, slot.mode = embedder, previous, "full"
    return slot


@pytest.fixture(autouse=True)
def _no_vocabulary_of_other_tests() -> Iterator[None]:
    vocabulary._samples.clear()
    yield
    vocabulary._samples.clear()


@pytest.fixture
def full(app: FastAPI, slot: ModelSlot) -> FastAPI:
    """The application with its language model."""
    app.state.model_slot = slot
    return app


Index = Callable[..., Awaitable[None]]


@pytest.fixture
def index(session: AsyncSession, session_factory: SessionFactory, slot: ModelSlot) -> Index:
    """Index cases as the worker would, with the model unless told otherwise."""

    async def index(*cases: Case, model: bool = True) -> None:
        await session.flush()
        for case in cases:
            used = slot if model else ModelSlot(None)
            await refresh_case(session_factory, used, case.organisation_id, case.id)

    return index


@pytest.fixture
async def committed(committed_database: Database) -> AsyncIterator[SessionFactory]:
    """Transactions that are committed, for what crosses them."""
    engine = create_engine(committed_database.app_url)
    yield create_session_factory(engine)
    await engine.dispose()


@pytest.fixture
async def cases(session: AsyncSession, index: Index) -> dict[str, Case]:
    """The six stories, half of them resolved, seen by everyone in the organisation."""
    made = {}
    for key, story in STORIES.items():
        create = create_resolved_case if key in RESOLVED else create_case
        made[key] = await create(session, visibility=EVERYONE, **story)
    await index(*made.values())
    return made
