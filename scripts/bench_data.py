"""A scratch site to measure: the demo, indexed with the real model, and cases generated from it."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from alembic import command
from alembic.config import Config
from sqlalchemy import Row, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation
from app.accounts.service import create_key
from app.cases.models import Case, CaseObstacle, Visibility
from app.core.db import create_engine, create_session_factory, new_id
from app.core.jobs import JobEnvironment
from app.core.postgres.server import EmbeddedServer, start_server
from app.core.templating import ROOT
from app.core.tenancy import enter_organisation
from app.deals.models import Deal
from app.demo.content import ORGANISATION, read_cases
from app.demo.loader import seed_demo
from app.embeddings.build import build_model, default_model_dir
from app.embeddings.slot import DIMENSIONS, ModelSlot
from app.similar.indexing import INSERT_PASSAGE
from app.similar.jobs import index_case
from app.similar.models import Passage, PassageVector
from app.similar.vocabulary import CONFIGURATIONS

BATCH = 500
NOISE = 0.35
"""Length of the noise added to a unit vector: the copies stay in the neighbourhood and none is the same."""


@dataclass(frozen=True)
class FilledSite:
    cases: int
    passages: int
    case_ids: list[str]
    key: str


def read_sentences() -> dict[str, list[str]]:
    """Sentences of the demo's stories by language."""
    found: dict[str, list[str]] = {}
    for case in read_cases():
        story = f"{case.situation} {case.worked} {case.not_worked} {case.current_state} {case.desired_state}"
        found.setdefault(case.language, []).extend(re.split(r"(?<=[.!?])\s+", story))
    return {language: [s for s in sentences if s.strip()] for language, sentences in found.items()}


def read_queries(count: int, *, words: int, seed: int) -> list[str]:
    """Queries of so many words, no two alike, each from two sentences that were never said together."""
    source = random.Random(seed)  # noqa: S311 - repeatable, not secret.
    sentences = [s for found in read_sentences().values() for s in found]
    queries = []
    for number in range(count):
        mixed = " ".join(source.sample(sentences, 6)).split()
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
        environment = JobEnvironment(factory, {ModelSlot: slot})
        async with factory() as session, session.begin():
            organisation = (
                await session.scalars(select(Organisation).where(Organisation.slug == ORGANISATION[1]))
            ).one()
            await enter_organisation(session, organisation.id)
            demo = (await session.scalars(select(Case.id).order_by(Case.id))).all()
        for case_id in demo:
            await index_case(environment, organisation_id=str(organisation.id), case_id=str(case_id))
        async with factory() as session, session.begin():
            await enter_organisation(session, organisation.id)
            filled = await _Generator(session, organisation.id).fill(count)
        await slot.aclose()
        await engine.dispose()
        _analyse(server)
    finally:
        server.stop()
    return filled


def _analyse(server: EmbeddedServer) -> None:
    with server.database.connect_as_superuser() as connection:
        connection.execute("VACUUM ANALYZE")


class _Generator:
    """Copies demo cases with other sentences, other customers and vectors nearby."""

    def __init__(self, session: AsyncSession, organisation_id: UUID) -> None:
        self.session = session
        self.organisation_id = organisation_id
        self.sentences = read_sentences()
        self.source = random.Random(5)  # noqa: S311 - repeatable, not secret.
        self.noise = np.random.default_rng(5)

    async def fill(self, count: int) -> FilledSite:
        cases = (await self.session.scalars(select(Case).where(Case.posted_at.is_not(None)).order_by(Case.id))).all()
        obstacles = (await self.session.scalars(select(CaseObstacle))).all()
        passages = (
            await self.session.execute(
                select(Passage, PassageVector)
                .join(PassageVector, PassageVector.passage_id == Passage.id)
                .where(Passage.practice_id.is_(None))
            )
        ).all()
        for start in range(0, count, BATCH):
            chosen = self.source.choices(cases, k=min(BATCH, count - start))
            await self._copy(chosen, obstacles, passages)
        _key, token = await create_key(
            self.session,
            self.organisation_id,
            name="bench",
            scopes=["cases:read", "cases:write", "act-as"],
            created_by_id=None,
        )
        total = await self.session.scalar(text("SELECT count(*) FROM cases"))
        kept = await self.session.scalar(text("SELECT count(*) FROM passages"))
        shown = [str(case.id) for case in cases if case.visibility == Visibility.EVERYONE]
        return FilledSite(total or 0, kept or 0, shown, token)

    async def _copy(
        self, chosen: Sequence[Case], obstacles: Sequence[CaseObstacle], passages: Sequence[Row[Passage, PassageVector]]
    ) -> None:
        copies = [(original, new_id()) for original in chosen]
        deals = [self._deal() for _ in copies]
        await self.session.execute(insert(Deal), deals)
        await self.session.execute(
            insert(Case), [self._case(o, new, deal["id"]) for (o, new), deal in zip(copies, deals, strict=True)]
        )
        await self.session.execute(insert(CaseObstacle), list(self._obstacles(copies, obstacles)))
        rows = list(self._passages(copies, passages))
        await self.session.execute(INSERT_PASSAGE, rows)
        await self.session.execute(insert(PassageVector), [row["read"] for row in rows])

    def _story(self, language: str, sentences: int) -> str:
        return " ".join(self.source.choices(self.sentences[language], k=sentences))

    def _deal(self) -> dict[str, Any]:
        customer = f"Kunde {self.source.randrange(1_000_000)}"
        return {"organisation_id": self.organisation_id, "id": new_id(), "customer": customer}

    def _case(self, original: Case, new: UUID, deal_id: UUID) -> dict[str, Any]:
        columns = [column.key for column in Case.__table__.columns]
        row = {key: getattr(original, key) for key in columns}
        row |= {"id": new, "deal_id": deal_id, "chosen_plan_id": None, "outcome_plan_id": None}
        row["title"] = self._story(original.language, 1)[:140]
        row["situation"] = self._story(original.language, 5)
        return row

    def _obstacles(
        self, copies: Sequence[tuple[Case, UUID]], obstacles: Sequence[CaseObstacle]
    ) -> Iterator[dict[str, Any]]:
        for original, new in copies:
            for obstacle in obstacles:
                if obstacle.case_id == original.id:
                    yield {
                        "organisation_id": self.organisation_id,
                        "id": new_id(),
                        "case_id": new,
                        "code_id": obstacle.code_id,
                        "position": obstacle.position,
                    }

    def _passages(
        self, copies: Sequence[tuple[Case, UUID]], passages: Sequence[Row[Passage, PassageVector]]
    ) -> Iterator[dict[str, Any]]:
        """Rows of passages, each with its vector's row under `read`."""
        for original, new in copies:
            for passage, vector in passages:
                if passage.case_id == original.id:
                    passage_id = new_id()
                    shared = {"organisation_id": self.organisation_id, "case_id": new, "practice_id": None}
                    yield shared | {
                        "id": passage_id,
                        "section": passage.section,
                        "position": passage.position,
                        "language": passage.language,
                        "content_hash": passage.content_hash,
                        "text": self._story(passage.language, 3),
                        "configuration": CONFIGURATIONS[passage.language],
                        "read": shared
                        | {
                            "passage_id": passage_id,
                            "generation_id": vector.generation_id,
                            "vector": self._nearby(vector.vector),
                        },
                    }

    def _nearby(self, vector: Any) -> np.ndarray:
        step = self.noise.normal(size=DIMENSIONS).astype(np.float32)
        moved = np.asarray(vector, dtype=np.float32) + NOISE * step / np.linalg.norm(step)
        return moved / np.linalg.norm(moved)
