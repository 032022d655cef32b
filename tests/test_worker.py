"""The worker beside the rest of the world: the end of its process, a database that goes away, the clock."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.jobs import forget_old_answers
from app.cases.models import Case
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.idempotency import IdempotencyKey
from app.core.jobs import JobEnvironment, publish
from app.core.postgres.databases import Database
from app.core.postgres.server import start_server
from app.core.tenancy import enter_organisation, organisation_session
from app.embeddings.slot import ModelSlot
from app.worker import create_job_app, run_worker
from tests.database import TEMPLATE, TestServer
from tests.factories import create_case
from tests.world import ALICE, DORA, Person

PATIENCE = 40.0


@asynccontextmanager
async def connect(database: Database) -> AsyncIterator[SessionFactory]:
    engine = create_engine(database.app_url)
    yield create_session_factory(engine)
    await engine.dispose()


@asynccontextmanager
async def work(database: Database, factory: SessionFactory) -> AsyncIterator[asyncio.Future[None]]:
    conninfo = database.app_url.replace("+psycopg", "", 1)
    working = asyncio.ensure_future(run_worker(JobEnvironment(factory, {ModelSlot: ModelSlot(None)}), conninfo))
    try:
        yield working
    finally:
        working.cancel()
        await asyncio.wait([working])


async def publish_change(factory: SessionFactory) -> Case:
    async with organisation_session(factory, ALICE.organisation_id) as session:
        case = await create_case(session)
        await publish(session, "case.changed", organisation_id=str(case.organisation_id), case_id=str(case.id))
    return case


async def count_jobs(factory: SessionFactory) -> int:
    async with factory() as session:
        counted = await session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'case.changed'"))
        return counted or 0


async def is_under_way(factory: SessionFactory) -> bool:
    async with factory() as session:
        return bool(await session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")))


async def is_done(factory: SessionFactory) -> bool:
    try:
        return await count_jobs(factory) == 0
    except OperationalError:
        return False


async def wait_until(reached: Callable[[SessionFactory], Awaitable[bool]], factory: SessionFactory) -> None:
    started = time.perf_counter()
    while not await reached(factory):
        assert time.perf_counter() - started < PATIENCE
        await asyncio.sleep(0.1)


async def test_a_job_that_runs_at_the_end_is_finished_and_nothing_complains(
    committed_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(committed_database) as factory:
        case = await publish_change(factory)
        async with organisation_session(factory, ALICE.organisation_id) as session:
            await session.execute(select(Case.id).where(Case.id == case.id).with_for_update())
            async with work(committed_database, factory) as working:
                await wait_until(is_under_way, factory)
                working.cancel()
                await asyncio.sleep(0.5)
                assert not working.done(), "it waits for the job"
                await session.commit()
                await asyncio.wait([working])
        assert await count_jobs(factory) == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.fixture
def server() -> Iterator[TestServer]:
    """A server of the test's own, which may be stopped."""
    own = TestServer()
    own.create_template()
    yield own
    own.stop()


async def test_jobs_go_on_when_the_database_is_back(server: TestServer) -> None:
    database = replace(server.address, name=TEMPLATE)
    async with connect(database) as factory, work(database, factory):
        await publish_change(factory)
        await wait_until(is_done, factory)
        await asyncio.to_thread(server.server.stop)
        await asyncio.sleep(3)
        server.server = start_server(server.directory, durable=False)
        await publish_change(factory)
        await wait_until(is_done, factory)


async def test_the_worker_ends_without_a_database(server: TestServer) -> None:
    database = replace(server.address, name=TEMPLATE)
    async with connect(database) as factory, work(database, factory) as working:
        await publish_change(factory)
        await wait_until(is_done, factory)
        await asyncio.to_thread(server.server.stop)
        working.cancel()
        await asyncio.wait([working], timeout=PATIENCE)
        assert working.cancelled()


async def keep_answer(session: AsyncSession, person: Person, at: datetime) -> None:
    await enter_organisation(session, person.organisation_id)
    session.add(
        IdempotencyKey(
            organisation_id=person.organisation_id,
            principal_id=person.id,
            key=at.isoformat(),
            request_hash="",
            status=201,
            body=b"{}",
            created_at=at,
        )
    )
    await session.flush()


async def test_answers_to_repeated_requests_are_forgotten(
    session: AsyncSession, session_factory: SessionFactory
) -> None:
    now = datetime.now(UTC)
    for person in (ALICE, DORA):
        for age in (timedelta(hours=47), timedelta(hours=49)):
            await keep_answer(session, person, now - age)
    await forget_old_answers(JobEnvironment(session_factory), timestamp=0)
    for person in (ALICE, DORA):
        await enter_organisation(session, person.organisation_id)
        kept = await session.scalars(select(func.min(IdempotencyKey.created_at)))
        assert kept.one() == now - timedelta(hours=47)


def test_what_runs_by_the_clock() -> None:
    periodic = create_job_app("").periodic_registry.periodic_tasks
    assert {task.task.name: task.cron for task in periodic.values()} == {
        "idempotency.grown_old": "17 * * * *",
        "imports.grown_old": "47 * * * *",
        "exports.grown_old": "37 * * * *",
        "notifications.grown_old": "41 3 * * *",
        "outcome.due": "11 * * * *",
        "searches.due": "29 * * * *",
        "searches.grown_old": "43 3 * * *",
        "week.ends": "23 * * * *",
    }
