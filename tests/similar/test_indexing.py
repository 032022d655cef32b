import asyncio
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case
from app.cases.workflow import State
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment, publish
from app.core.postgres.databases import Database
from app.core.tenancy import enter_organisation, organisation_session
from app.embeddings.slot import ModelSlot
from app.similar.jobs import announce_model, delete_replaced_vectors, index_organisation, refresh_case
from app.similar.models import Generation, Passage, PassageVector
from app.worker import run_worker
from tests.factories import create_case, create_practice, create_question, create_resolved_case
from tests.similar.conftest import EVERYONE, STORIES, Index
from tests.world import ALICE

TAKEN_UP = 20
SOON = 3.0


async def read_passages(session: AsyncSession, case: Case) -> Sequence[Any]:
    """The case's passages, each with the model that read it."""
    columns = (Passage.id, Passage.section, Passage.text, Passage.practice_id, Passage.updated_at, Generation.model)
    rows = await session.execute(
        select(*columns)
        .join_from(Passage, PassageVector, PassageVector.passage_id == Passage.id, isouter=True)
        .join(Generation, Generation.id == PassageVector.generation_id, isouter=True)
        .where(Passage.case_id == case.id)
        .order_by(Passage.id)
    )
    return rows.all()


async def test_only_what_changed_is_written_again(
    session: AsyncSession, session_factory: SessionFactory, slot: ModelSlot, index: Index
) -> None:
    case = await create_case(session, **STORIES["left_nb"])
    await index(case)
    before = {row.section: row.id for row in await read_passages(session, case)}
    assert set(before) == {"obstacle", "situation", "attempts"}
    assert await refresh_case(session_factory, slot, case.organisation_id, case.id) == 0
    case.situation = "Den nye har svart, og vil ha et møte."
    case.desired_state = ""
    await create_question(session, case, text="Hva vil den nye?", answer="Få ned svinnet.")
    await index(case)
    after = {row.section: row for row in await read_passages(session, case)}
    assert set(after) == {"obstacle", "situation", "questions"}
    assert after["obstacle"].id == before["obstacle"]
    assert after["situation"].text == f"{case.title}. Den nye har svart, og vil ha et møte."
    assert all(row.model == slot.embedder.model_id for row in after.values() if slot.embedder)


async def test_a_word_of_any_length_is_indexed(session: AsyncSession, index: Index) -> None:
    case = await create_case(session, **STORIES["left_nb"] | {"situation": "å" * 2000 + " " + "ø" * 6000})
    await index(case)
    assert "situation" in {row.section for row in await read_passages(session, case)}


async def test_a_passage_that_moves_keeps_its_vector(session: AsyncSession, index: Index) -> None:
    case = await create_case(session, **STORIES["left_nb"] | {"situation": " ".join(["Første ledd er langt."] * 60)})
    await index(case)
    case.situation = "Innledning. " * 150 + case.situation
    await index(case)
    assert all(row.model for row in await read_passages(session, case))


async def test_without_a_model_words_are_kept_and_vectors_come_later(
    session: AsyncSession, session_factory: SessionFactory, slot: ModelSlot, index: Index
) -> None:
    case = await create_case(session, **STORIES["left_sv"])
    await index(case, model=False)
    assert {row.model for row in await read_passages(session, case)} == {None}
    await announce_model(session_factory, slot)
    waiting = await session.execute(text("SELECT task_name, queue_name, args FROM procrastinate_jobs"))
    assert [
        (row.task_name, row.queue_name) for row in waiting if row.args["organisation_id"] == str(case.organisation_id)
    ] == [("model.changed", "bulk")]
    environment = JobEnvironment(session_factory, {ModelSlot: slot})
    await index_organisation(environment, organisation_id=str(case.organisation_id))
    assert all(row.model for row in await read_passages(session, case))
    await announce_model(session_factory, slot)
    assert await session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'model.changed'")) == 1


async def test_the_model_lost_leaves_the_vectors_alone(session: AsyncSession, index: Index) -> None:
    case = await create_case(session, **STORIES["left_nb"])
    await index(case)
    await index(case, model=False)
    assert all(row.model for row in await read_passages(session, case))


async def test_another_model_is_used_once_it_has_read_every_case(
    session: AsyncSession, session_factory: SessionFactory, slot: ModelSlot, index: Index
) -> None:
    cases = [await create_case(session, **STORIES[key]) for key in ("left_nb", "left_sv")]
    await index(*cases)
    await session.execute(text("UPDATE generations SET model = 'the one before'"))
    await index(cases[0])
    in_use = select(Generation.model).where(Generation.in_use)
    assert await session.scalar(in_use) == "the one before"
    environment = JobEnvironment(session_factory, {ModelSlot: slot})
    await index_organisation(environment, organisation_id=str(cases[0].organisation_id))
    assert slot.embedder
    assert await session.scalar(in_use) == slot.embedder.model_id
    await delete_replaced_vectors(environment, organisation_id=str(cases[0].organisation_id))
    for case in cases:
        assert {row.model for row in await read_passages(session, case)} == {slot.embedder.model_id}


async def test_a_practice_has_passages_while_its_case_is_shared(session: AsyncSession, index: Index) -> None:
    case = await create_resolved_case(session)
    practice = await create_practice(session, case)
    await index(case)
    owners = {row.practice_id for row in await read_passages(session, case)}
    assert owners == {None, practice.id}
    case.state = State.INVESTIGATING
    await index(case)
    assert {row.practice_id for row in await read_passages(session, case)} == {None}


async def test_a_saved_text_is_found_within_three_seconds(
    committed_database: Database, committed: SessionFactory, slot: ModelSlot
) -> None:
    conninfo = committed_database.app_url.replace("+psycopg", "", 1)
    working = asyncio.ensure_future(run_worker(JobEnvironment(committed, {ModelSlot: slot}), conninfo))
    try:
        await asyncio.sleep(1)
        async with organisation_session(committed, ALICE.organisation_id) as session:
            case = await create_case(session, visibility=EVERYONE, **STORIES["left_nb"])
            await enter_organisation(session, ALICE.organisation_id)
            await publish(session, "case.changed", organisation_id=str(case.organisation_id), case_id=str(case.id))
        started = time.perf_counter()
        while not await count_embedded(committed, case):
            assert time.perf_counter() - started < SOON
            await asyncio.sleep(0.05)
    finally:
        working.cancel()
        await asyncio.wait([working])


async def test_what_a_killed_worker_was_doing_is_done_after_all(
    committed_database: Database, committed: SessionFactory, slot: ModelSlot
) -> None:
    async with organisation_session(committed, ALICE.organisation_id) as session:
        case = await create_case(session, visibility=EVERYONE, **STORIES["left_nb"])
        await enter_organisation(session, ALICE.organisation_id)
        await publish(session, "case.changed", organisation_id=str(case.organisation_id), case_id=str(case.id))
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL"))
    conninfo = committed_database.app_url.replace("+psycopg", "", 1)
    working = asyncio.ensure_future(run_worker(JobEnvironment(committed, {ModelSlot: slot}), conninfo))
    try:
        started = time.perf_counter()
        while not await count_embedded(committed, case):
            assert time.perf_counter() - started < TAKEN_UP
            await asyncio.sleep(0.1)
    finally:
        working.cancel()
        await asyncio.wait([working])


async def count_embedded(factory: SessionFactory, case: Case) -> int:
    async with organisation_session(factory, ALICE.organisation_id) as session:
        return await session.scalar(select(func.count()).where(PassageVector.case_id == case.id)) or 0
