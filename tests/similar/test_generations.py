"""The model is changed while people search and write."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment
from app.core.postgres.databases import Database
from app.core.tenancy import enter_organisation, organisation_session
from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.slot import ModelSlot
from app.embeddings.vectors import Kind, Vector
from app.similar import jobs
from app.similar.generations import hold_generations, read_progress, switch_generation
from app.similar.jobs import announce_model, delete_replaced_vectors, index_organisation, load_model, refresh_case
from app.similar.measuring import BuildMeasure
from app.similar.models import Generation, Passage, PassageVector, StoryVector
from app.worker import run_worker
from tests.conftest import OpenApi, SignIn
from tests.factories import create_case, create_practice, create_resolved_case
from tests.similar.conftest import EVERYONE, STORIES, Index, fill_slot
from tests.world import ALICE, BOB, DORA

CHAMPION_LEFT = "Hun som drev saken hos kunden, har sluttet, og den nye svarer ikke på henvendelser."
EDITED = "The minister fell ill, so nobody signs the ferry concession before the election."
MEANT = "Politikeren er blitt syk, og fergeavtalen blir ikke undertegnet før valget."
TAKEN_UP = 20
IN_USE = select(Generation.model).where(Generation.in_use)


@pytest.fixture
def first(slot: ModelSlot) -> BatchingEmbedder:
    """The model whose vectors are in use."""
    assert slot.embedder is not None
    return slot.embedder


@pytest.fixture
def both(app: FastAPI, first: BatchingEmbedder, other: BatchingEmbedder) -> ModelSlot:
    """The slot, and that of the application, after the model was changed with the previous one named."""
    app.state.model_slot = fill_slot(other, previous=first)
    return fill_slot(other, previous=first)


async def find(client: httpx.AsyncClient, asked: str = CHAMPION_LEFT) -> dict[str, Any]:
    response = await client.post("/api/v1/similar-cases", json={"text": asked, "limit": 5})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ids(found: Mapping[str, Any]) -> set[str]:
    return {match["id"] for pool in ("learn", "join") for match in found[pool]}


async def build(factory: SessionFactory, slot: ModelSlot) -> None:
    environment = JobEnvironment(factory, {ModelSlot: slot})
    await index_organisation(environment, organisation_id=str(ALICE.organisation_id))


async def delete_old(factory: SessionFactory, slot: ModelSlot) -> None:
    environment = JobEnvironment(factory, {ModelSlot: slot})
    await delete_replaced_vectors(environment, organisation_id=str(ALICE.organisation_id))


async def list_in_use(session: AsyncSession) -> dict[str, bool]:
    """Whether each model's vectors are in use."""
    rows = (await session.execute(select(Generation.model, Generation.in_use))).all()
    return {row.model: row.in_use for row in rows}


async def count_read(session: AsyncSession, model: str, case: Case) -> int:
    """How many passages of the case have a vector of the model."""
    query = (
        select(func.count())
        .select_from(PassageVector)
        .join(Generation, Generation.id == PassageVector.generation_id)
        .where(Generation.model == model, PassageVector.case_id == case.id)
    )
    return await session.scalar(query) or 0


async def count_passages(session: AsyncSession, case: Case) -> int:
    return await session.scalar(select(func.count()).where(Passage.case_id == case.id)) or 0


async def list_jobs(session: AsyncSession) -> list[str]:
    query = text(
        "SELECT task_name FROM procrastinate_jobs"
        " WHERE task_name IN ('model.changed', 'generation.replaced') AND args ->> 'organisation_id' = :organisation"
        " ORDER BY id"
    )
    return list(await session.scalars(query, {"organisation": str(ALICE.organisation_id)}))


async def test_searches_go_by_the_vectors_in_use_until_the_new_ones_are_complete(
    session: AsyncSession,
    session_factory: SessionFactory,
    cases: dict[str, Case],
    both: ModelSlot,
    first: BatchingEmbedder,
    other: BatchingEmbedder,
    open_api: OpenApi,
) -> None:
    bob = await open_api(BOB)
    before = await find(bob)
    assert before["mode"] == "full"
    for case in list(cases.values())[:3]:
        await refresh_case(session_factory, both, case.organisation_id, case.id)
    assert await list_in_use(session) == {first.model_id: True, other.model_id: False}
    assert [(row.done, row.total) for row in await read_progress(session)] == [(6, 6), (3, 6)]
    assert await find(bob) == before
    await build(session_factory, both)
    assert await list_in_use(session) == {first.model_id: False, other.model_id: True}
    after = await find(bob)
    assert after["mode"] == "full"
    assert str(cases["left_nb"].id) in ids(after)
    scores = {match["id"]: match["score"] for match in before["join"]}
    assert {match["id"]: match["score"] for match in after["join"]} != scores, "the other model has read them"


async def test_vectors_that_were_replaced_go_when_nobody_searches_them(
    session: AsyncSession,
    session_factory: SessionFactory,
    cases: dict[str, Case],
    both: ModelSlot,
    other: BatchingEmbedder,
    open_api: OpenApi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await build(session_factory, both)
    waiting = await session.scalars(
        text(
            "SELECT scheduled_at > now() + interval '5 minutes' FROM procrastinate_jobs"
            " WHERE task_name = 'generation.replaced'"
        )
    )
    assert waiting.all() == [True]
    kept = await session.scalar(select(func.count()).select_from(Passage))
    monkeypatch.setattr(jobs, "DELETED_AT_ONCE", 4)
    await delete_old(session_factory, both)
    assert await list_in_use(session) == {other.model_id: True}
    assert await session.scalar(select(func.count()).select_from(PassageVector)) == kept
    assert await session.scalar(select(func.count()).select_from(StoryVector)) == len(cases)
    assert (await find(await open_api(BOB)))["mode"] == "full"
    await refresh_case(session_factory, both, ALICE.organisation_id, cases["left_nb"].id)
    assert await list_in_use(session) == {other.model_id: True}, "the previous model reads no more"


async def test_without_the_previous_model_words_answer_and_the_page_says_so(
    session_factory: SessionFactory,
    cases: dict[str, Case],
    app: FastAPI,
    other: BatchingEmbedder,
    sign_in: SignIn,
    open_api: OpenApi,
) -> None:
    alone = app.state.model_slot = fill_slot(other)
    api, browser = await open_api(BOB), await sign_in(BOB)
    words = "Etterfølgeren hos grossisten svarer ikke"
    found = await find(api, words)
    assert found["mode"] == "keywords"
    assert str(cases["left_nb"].id) in ids(found)
    assert "being read anew" in (await browser.get("/search", params={"q": words})).text
    await build(session_factory, alone)
    assert (await find(api, words))["mode"] == "full"
    assert "being read anew" not in (await browser.get("/search", params={"q": words})).text


async def test_an_organisation_without_cases_is_not_said_to_be_read_anew(
    app: FastAPI, other: BatchingEmbedder, sign_in: SignIn
) -> None:
    app.state.model_slot = fill_slot(other)
    page = await (await sign_in(DORA)).get("/search", params={"q": "Etterfølgeren svarer ikke"})
    assert page.status_code == 200
    assert "being read anew" not in page.text


async def test_a_new_model_that_is_broken_leaves_the_previous_one_at_work(
    session: AsyncSession,
    session_factory: SessionFactory,
    cases: dict[str, Case],
    app: FastAPI,
    first: BatchingEmbedder,
    open_api: OpenApi,
) -> None:
    broken = app.state.model_slot = fill_slot(None, previous=first)
    case = cases["left_nb"]
    case.situation = EDITED
    await session.flush()
    await refresh_case(session_factory, broken, case.organisation_id, case.id)
    await build(session_factory, broken)
    await delete_old(session_factory, broken)
    await announce_model(session_factory, broken)
    found = await find(await open_api(BOB), MEANT)
    assert found["mode"] == "full"
    assert str(case.id) in ids(found)
    assert await list_in_use(session) == {first.model_id: True}


async def test_an_edit_during_the_build_is_read_by_both(
    session: AsyncSession,
    session_factory: SessionFactory,
    cases: dict[str, Case],
    both: ModelSlot,
    first: BatchingEmbedder,
    other: BatchingEmbedder,
    open_api: OpenApi,
) -> None:
    bob, case = await open_api(BOB), cases["silent_en"]
    await refresh_case(session_factory, both, case.organisation_id, case.id)
    case.situation = EDITED
    new = await create_case(session, visibility=EVERYONE, **STORIES["left_nb"] | {"situation": EDITED})
    await session.flush()
    for written in (case, new):
        await refresh_case(session_factory, both, written.organisation_id, written.id)
        for embedder in (first, other):
            assert await count_read(session, embedder.model_id, written) == await count_passages(session, written)
    assert {str(case.id), str(new.id)} <= ids(await find(bob, MEANT))
    await build(session_factory, both)
    found = await find(bob, MEANT)
    assert found["mode"] == "full"
    assert {str(case.id), str(new.id)} <= ids(found)


async def test_what_a_worker_without_the_new_model_wrote_is_read_before_the_switch(
    session: AsyncSession, session_factory: SessionFactory, index: Index, both: ModelSlot, other: BatchingEmbedder
) -> None:
    case = await create_resolved_case(session, **STORIES["left_nb"])
    practice = await create_practice(session, case)
    await index(case)
    await refresh_case(session_factory, both, case.organisation_id, case.id)
    practice.title = "When a ferry has no captain"
    await index(case)
    async with organisation_session(session_factory, ALICE.organisation_id) as own:
        assert not await switch_generation(own, ALICE.organisation_id, other.model_id)
    await build(session_factory, both)
    assert (await list_in_use(session))[other.model_id]
    assert await count_read(session, other.model_id, case) == await count_passages(session, case)
    stories = select(func.count()).select_from(StoryVector).join(Generation, Generation.id == StoryVector.generation_id)
    assert await session.scalar(stories.where(Generation.model == other.model_id)) == 2


async def test_a_model_that_was_given_up_leaves_nothing(
    session: AsyncSession,
    session_factory: SessionFactory,
    cases: dict[str, Case],
    both: ModelSlot,
    slot: ModelSlot,
    first: BatchingEmbedder,
) -> None:
    """Its build had begun when the model that is in use was named again."""
    await refresh_case(session_factory, both, ALICE.organisation_id, cases["left_nb"].id)
    await announce_model(session_factory, slot)
    assert await list_jobs(session) == ["generation.replaced"]
    await delete_old(session_factory, slot)
    assert await list_in_use(session) == {first.model_id: True}


async def test_one_can_go_back_to_the_model_before(
    session: AsyncSession,
    session_factory: SessionFactory,
    cases: dict[str, Case],
    both: ModelSlot,
    first: BatchingEmbedder,
    other: BatchingEmbedder,
) -> None:
    await build(session_factory, both)
    case = cases["left_nb"]
    case.situation = EDITED
    await session.flush()
    await refresh_case(session_factory, both, case.organisation_id, case.id)
    again = MortalEncoder(first, lives=10_000)
    async with BatchingEmbedder(again) as embedder:
        back = fill_slot(embedder, previous=other)
        await announce_model(session_factory, back)
        await delete_old(session_factory, back)
        await build(session_factory, back)
    assert await list_in_use(session) == {first.model_id: True, other.model_id: False}
    assert again.read, "what was written meanwhile"
    assert all("minister" in told for told in again.read)


async def test_the_model_changes_where_there_is_nothing_to_read(
    session: AsyncSession, session_factory: SessionFactory, index: Index, both: ModelSlot, other: BatchingEmbedder
) -> None:
    case = await create_case(session, **STORIES["left_nb"])
    await index(case)
    await session.execute(delete(Case).where(Case.id == case.id))
    await session.flush()
    await announce_model(session_factory, both)
    assert await list_jobs(session) == ["model.changed"]
    await build(session_factory, both)
    assert (await list_in_use(session))[other.model_id]


class Killed(BaseException):
    """The worker is gone."""


class MortalEncoder:
    """The real encoder, which writes down what it read, and dies of one text too many."""

    def __init__(self, embedder: BatchingEmbedder, lives: int) -> None:
        self._encoder = embedder._encoder
        self.model_id = embedder.model_id
        self.dimensions = embedder.dimensions
        self.adaptation = embedder.adaptation
        self.lives = lives
        self.read: list[str] = []

    def encode(self, texts: list[str], kind: Kind) -> Vector:
        self.lives -= len(texts)
        if self.lives < 0:
            raise Killed
        self.read += [f"{kind}: {told}" for told in texts]
        return self._encoder.encode(texts, kind)


async def test_a_build_that_was_killed_goes_on_where_it_was(
    session: AsyncSession,
    session_factory: SessionFactory,
    cases: dict[str, Case],
    first: BatchingEmbedder,
    other: BatchingEmbedder,
) -> None:
    mortal, heir = MortalEncoder(other, lives=10), MortalEncoder(other, lives=10_000)
    async with BatchingEmbedder(mortal) as embedder:
        with pytest.raises(Killed):
            await build(session_factory, fill_slot(embedder, previous=first))
    assert await list_in_use(session) == {first.model_id: True, other.model_id: False}
    [progress] = await read_progress(session, building=other.model_id)
    assert 0 < progress.done < progress.total
    async with BatchingEmbedder(heir) as embedder:
        await announce_model(session_factory, fill_slot(embedder, previous=first))
        assert await list_jobs(session) == ["model.changed"]
        await build(session_factory, fill_slot(embedder, previous=first))
    assert (await list_in_use(session))[other.model_id]
    again = set(mortal.read) & set(heir.read)
    assert len(again) < len(mortal.read) / 2, "no more than the case it was at is read twice"


async def write_committed(factory: SessionFactory, *slots: ModelSlot) -> Case:
    async with organisation_session(factory, ALICE.organisation_id) as session:
        case = await create_case(session, visibility=EVERYONE, **STORIES["left_nb"])
    for slot in slots:
        await refresh_case(factory, slot, case.organisation_id, case.id)
    return case


async def test_the_switch_waits_for_who_is_writing_and_sees_what_he_wrote(
    committed: SessionFactory, slot: ModelSlot, both: ModelSlot, other: BatchingEmbedder
) -> None:
    case = await write_committed(committed, slot, both)

    async def switch() -> bool:
        async with organisation_session(committed, ALICE.organisation_id) as session:
            return await switch_generation(session, ALICE.organisation_id, other.model_id)

    async with organisation_session(committed, ALICE.organisation_id) as session:
        await hold_generations(session)
        switching = asyncio.create_task(switch())
        await asyncio.sleep(0.3)
        assert not switching.done()
        new = select(Generation.id).where(Generation.model == other.model_id).scalar_subquery()
        await session.execute(delete(PassageVector).where(PassageVector.generation_id == new))
    assert not await switching
    await refresh_case(committed, both, case.organisation_id, case.id)
    assert await switch()
    assert await switch(), "once more changes nothing"


async def test_at_every_moment_one_generation_is_in_use(
    committed: SessionFactory, slot: ModelSlot, both: ModelSlot, first: BatchingEmbedder, other: BatchingEmbedder
) -> None:
    case = await write_committed(committed, slot)
    seen: list[str] = []

    async def watch() -> None:
        while other.model_id not in seen:
            async with organisation_session(committed, ALICE.organisation_id) as session:
                seen.append((await session.scalars(IN_USE)).one())

    async def write() -> None:
        for number in range(10):
            async with organisation_session(committed, ALICE.organisation_id) as session:
                written = (await session.scalars(select(Case).where(Case.id == case.id))).one()
                written.situation = f"{EDITED} So it has been for {number} weeks."
            await refresh_case(committed, both, case.organisation_id, case.id)

    await asyncio.wait_for(asyncio.gather(watch(), write(), build(committed, both)), 30)
    assert sorted(set(seen), key=seen.index) == [first.model_id, other.model_id]
    async with organisation_session(committed, ALICE.organisation_id) as session:
        assert await count_read(session, other.model_id, case) == await count_passages(session, case)


async def test_another_organisation_keeps_its_own_pace(
    session: AsyncSession, session_factory: SessionFactory, index: Index, both: ModelSlot, first: BatchingEmbedder
) -> None:
    await index(await create_case(session, owner=DORA, **STORIES["left_nb"]))
    await index(await create_case(session, **STORIES["left_nb"]))
    await build(session_factory, both)
    assert not (await list_in_use(session))[first.model_id]
    await enter_organisation(session, DORA.organisation_id)
    assert await list_in_use(session) == {first.model_id: True}


async def test_an_admin_and_prometheus_see_how_far_it_is(
    session_factory: SessionFactory,
    cases: dict[str, Case],
    both: ModelSlot,
    other: BatchingEmbedder,
    app: FastAPI,
    adam: httpx.AsyncClient,
) -> None:
    await refresh_case(session_factory, both, ALICE.organisation_id, cases["left_nb"].id)
    page = (await adam.get("/admin/model")).text
    assert page.index("6 of 6 cases read") < page.index(other.model_id) < page.index("1 of 6 cases read")
    app.state.measures = [BuildMeasure(session_factory, both)]
    labels = f'{{model="{other.model_id}",organisation="{ALICE.organisation_id}"}}'
    measured = (await adam.get("/metrics")).text
    assert f"unstuck_reindexing_done_cases{labels} 1.0" in measured
    assert f"unstuck_reindexing_cases{labels} 6.0" in measured
    await build(session_factory, both)
    assert "No longer used" in (await adam.get("/admin/model")).text
    app.state.measures = [BuildMeasure(session_factory, both)]
    assert labels not in (await adam.get("/metrics")).text


async def test_the_page_of_the_model_says_when_there_is_none(app: FastAPI, adam: httpx.AsyncClient) -> None:
    assert "still loading" in (await adam.get("/admin/model")).text
    app.state.model_slot.mode = "keywords"
    page = (await adam.get("/admin/model")).text
    assert "There is no language model here" in page
    assert "Nothing read yet" in page


@pytest.mark.parametrize("state", ["loading", "broken"])
async def test_a_model_that_is_loading_or_broken_leaves_words_and_codes(
    session: AsyncSession,
    session_factory: SessionFactory,
    cases: dict[str, Case],
    app: FastAPI,
    first: BatchingEmbedder,
    sign_in: SignIn,
    open_api: OpenApi,
    tmp_path: Path,
    state: str,
) -> None:
    """Whatever had been read, and whatever is asked or written meanwhile."""
    slot = app.state.model_slot = ModelSlot(tmp_path)
    if state == "broken":
        await load_model(session_factory, slot)
        assert slot.mode == "keywords"
    case, api, browser = cases["left_nb"], await open_api(BOB), await sign_in(BOB)
    words = "Etterfølgeren hos grossisten svarer ikke"
    found = await find(api, words)
    assert found["mode"] == "keywords"
    assert str(case.id) in ids(found)
    notice = "still loading" if state == "loading" else "There is no language model here"
    for address in (f"/search?q={words}", f"/cases/{case.id}/similar"):
        page = await browser.get(address)
        assert page.status_code == 200
        assert notice in page.text
    assert str(cases["left_sv"].id) in (await browser.get(f"/cases/{case.id}/similar")).text, "the same obstacle"
    for address in ("/search?q=status:open", "/search?q=reason:champion_left", "/admin/model"):
        assert (await browser.get(address)).status_code in (200, 403)
    await refresh_case(session_factory, slot, case.organisation_id, case.id)
    await build(session_factory, slot)
    await delete_old(session_factory, slot)
    await announce_model(session_factory, slot)
    assert await list_in_use(session) == {first.model_id: True}
    assert await list_jobs(session) == []


async def test_the_worker_takes_up_a_build_whose_worker_was_killed(
    committed_database: Database, committed: SessionFactory, slot: ModelSlot, both: ModelSlot, other: BatchingEmbedder
) -> None:
    case = await write_committed(committed, slot)
    for _process in ("the web process", "the worker"):
        await announce_model(committed, both)
    async with organisation_session(committed, ALICE.organisation_id) as session:
        assert await list_jobs(session) == ["model.changed", "model.changed"]
        await session.execute(
            text(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL"
                " WHERE id = (SELECT min(id) FROM procrastinate_jobs WHERE task_name = 'model.changed')"
            )
        )
    conninfo = committed_database.app_url.replace("+psycopg", "", 1)
    working = asyncio.ensure_future(run_worker(JobEnvironment(committed, {ModelSlot: both}), conninfo))
    try:
        started = time.perf_counter()
        while await read_state(committed) != (other.model_id, ["generation.replaced"]):
            assert time.perf_counter() - started < TAKEN_UP
            await asyncio.sleep(0.1)
    finally:
        working.cancel()
        await asyncio.wait([working])
    async with organisation_session(committed, ALICE.organisation_id) as session:
        assert await count_read(session, other.model_id, case) == await count_passages(session, case)


async def read_state(factory: SessionFactory) -> tuple[str, list[str]]:
    """The model whose vectors are in use, and the jobs that wait."""
    async with organisation_session(factory, ALICE.organisation_id) as session:
        return (await session.scalars(IN_USE)).one(), await list_jobs(session)
