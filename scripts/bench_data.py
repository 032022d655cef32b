"""A scratch site to measure: the demo, indexed with the real model, and cases generated from it."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation
from app.accounts.service import create_key
from app.cases.models import Case, Visibility
from app.core.db import create_engine, create_session_factory, new_id
from app.core.jobs import JobEnvironment
from app.core.postgres.server import EmbeddedServer, start_server
from app.core.templating import ROOT
from app.core.tenancy import organisation_session
from app.demo.content import ORGANISATION, read_cases
from app.demo.loader import seed_demo
from app.embeddings.build import build_model, default_model_dir
from app.embeddings.slot import ModelSlot
from app.embeddings.vectors import Vector
from app.similar.indexing import INSERT_PASSAGE
from app.similar.jobs import index_case
from app.similar.models import Passage
from app.similar.vocabulary import CONFIGURATIONS
from scripts.bench_load import Figures, Loader
from scripts.bench_people import add_people
from scripts.bench_sql import STAGED_SECTION
from scripts.learn_texts import read_texts

PASSAGES_A_CASE = 3
EVERY_STORY = 4
"""Of the texts to learn from, one in so many is read."""
MANY = 500_000
"""From so many cases on, each has one passage."""


@dataclass(frozen=True)
class FilledSite:
    cases: int
    passages: int
    case_ids: list[str]
    key: str
    tokens: list[str]
    """Of the browsers of people beside those of the demo."""
    figures: Figures


def read_sentences() -> dict[str, list[str]]:
    """Sentences of the demo's stories by language."""
    found: dict[str, list[str]] = {}
    for case in read_cases():
        story = f"{case.situation} {case.worked} {case.not_worked} {case.current_state} {case.desired_state}"
        found.setdefault(case.language, []).extend(re.split(r"(?<=[.!?])\s+", story))
    return {language: [s for s in sentences if s.strip()] for language, sentences in found.items()}


def read_queries(count: int, *, words: int, seed: int) -> list[str]:
    """Queries of so many words in one language, no two alike, of sentences that were never said together."""
    source = random.Random(seed)  # noqa: S311 - repeatable, not secret.
    sentences = list(read_sentences().values())
    queries = []
    for number in range(count):
        mixed = " ".join(source.sample(sentences[number % len(sentences)], 6)).split()
        queries.append(" ".join([*mixed[: words - 1], str(number)]))
    return queries


def migrate(server: EmbeddedServer) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["url"] = server.owner_url
    command.upgrade(config, "head")


async def fill_site(data_dir: Path, count: int) -> FilledSite:
    """Make the site with the demo, index it, and add `count` generated cases."""
    server = start_server(data_dir)
    try:
        migrate(server)
        engine = create_engine(server.app_url)
        factory = create_session_factory(engine)
        await seed_demo(factory)
        slot = ModelSlot(build_model(default_model_dir(data_dir)))
        await slot.load()
        async with factory() as session, session.begin():
            query = select(Organisation).where(Organisation.slug == ORGANISATION[1])
            organisation_id = (await session.scalars(query)).one().id
        environment = JobEnvironment(factory, {ModelSlot: slot})
        async with organisation_session(factory, organisation_id) as session:
            demo = (await session.scalars(select(Case.id).order_by(Case.id))).all()
        for case_id in demo:
            await index_case(environment, organisation_id=str(organisation_id), case_id=str(case_id))
        async with organisation_session(factory, organisation_id) as session:
            await stage_sentences(session, organisation_id, demo[0])
        passages, stories = await read_sentence_vectors(slot), await read_story_vectors(slot)
        await slot.aclose()
        with server.database.connect_as_superuser() as connection:
            loader = Loader(connection, organisation_id, passages, stories)
            figures = loader.load(count, 1 if count >= MANY else PASSAGES_A_CASE)
        async with organisation_session(factory, organisation_id) as session:
            filled = await _describe(session, organisation_id, demo, figures)
        with server.database.connect_as_superuser() as connection:
            connection.execute("ANALYZE")
        await engine.dispose()
    finally:
        server.stop()
    return filled


async def stage_sentences(session: AsyncSession, organisation_id: UUID, case_id: UUID) -> None:
    """Each sentence as a passage, so that the words of generated texts are the product's own reading of them."""
    rows = [
        {
            "organisation_id": organisation_id,
            "id": new_id(),
            "case_id": case_id,
            "practice_id": None,
            "section": STAGED_SECTION,
            "position": position,
            "text": sentence,
            "language": language,
            "configuration": CONFIGURATIONS[language],
            "content_hash": "",
        }
        for position, (language, sentence) in enumerate(
            (language, sentence) for language, found in read_sentences().items() for sentence in found
        )
    ]
    await session.execute(INSERT_PASSAGE, rows)


async def read_sentence_vectors(slot: ModelSlot) -> dict[str, list[Vector]]:
    assert slot.embedder is not None
    return {language: await slot.embedder.embed_passages(found) for language, found in read_sentences().items()}


async def read_story_vectors(slot: ModelSlot) -> dict[str, list[Vector]]:
    """Of stuck deals, by language."""
    assert slot.embedder is not None
    told: dict[str, list[str]] = {}
    for text in [text for text in read_texts() if text.form != "short"][::EVERY_STORY]:
        told.setdefault(text.language, []).append(text.text)
    return {language: await slot.embedder.embed_stories(found) for language, found in told.items()}


async def _describe(session: AsyncSession, organisation_id: UUID, demo: Sequence[UUID], figures: Figures) -> FilledSite:
    _key, token = await create_key(
        session,
        organisation_id,
        name="bench",
        scopes=["cases:read", "cases:write", "act-as"],
        created_by_id=None,
    )
    cases = await session.scalar(select(func.count()).select_from(Case))
    passages = await session.scalar(select(func.count()).select_from(Passage))
    shown = select(Case.id).where(
        Case.id.in_(demo), Case.posted_at.is_not(None), Case.visibility == Visibility.EVERYONE
    )
    case_ids = [str(case_id) for case_id in await session.scalars(shown.order_by(Case.id))]
    tokens = await add_people(session, organisation_id)
    return FilledSite(cases or 0, passages or 0, case_ids, token, tokens, figures)
