"""The count at the head of an open page follows what happens, over a real connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import update

from app.accounts.models import UserSession
from app.cases.models import Case
from app.cli.serving import Server
from app.core.config import Settings
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment
from app.core.postgres.databases import Database
from app.core.security import hash_token
from app.core.tenancy import organisation_session
from app.main import create_app
from app.notifications.jobs import tell_people
from app.notifications.pages import STILL_THERE_SECONDS
from tests.conftest import SECRET_KEY
from tests.factories import create_case, create_question
from tests.world import ALICE, BOB

PATIENCE = 15.0


@asynccontextmanager
async def serve(database: Database) -> AsyncIterator[tuple[str, Server, FastAPI]]:
    settings = Settings(DATABASE_URL=database.app_url, secret_key=SECRET_KEY)
    app = create_app(settings)
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"), app)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it.
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", server, app
    server.should_exit = True
    await asyncio.wait_for(serving, PATIENCE)


@asynccontextmanager
async def follow(url: str, shown: int = 0) -> AsyncIterator[AsyncIterator[str]]:
    cookies = {"unstuck_session": ALICE.token}
    async with (
        httpx.AsyncClient(base_url=url, cookies=cookies, timeout=PATIENCE) as browser,
        browser.stream("GET", f"/notifications/live?shown={shown}") as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        yield response.aiter_lines()


async def ask_alice(factory: SessionFactory) -> Case:
    async with organisation_session(factory, ALICE.organisation_id) as session:
        case = await create_case(session)
        question = await create_question(session, case, by=BOB)
    await tell_people(
        JobEnvironment(factory),
        organisation_id=str(case.organisation_id),
        case_id=str(case.id),
        action="question.asked",
        subject_id=str(question.id),
        by_id=str(BOB.id),
        at=datetime.now(UTC).isoformat(),
    )
    return case


async def read_until(lines: AsyncIterator[str], words: str) -> None:
    async with asyncio.timeout(PATIENCE):
        async for line in lines:
            if words in line:
                return
    raise AssertionError(words)


async def test_an_open_page_hears_of_news_and_of_what_is_read_elsewhere(committed_database: Database) -> None:
    async with serve(committed_database) as (url, _server, app), follow(url) as lines:
        await ask_alice(app.state.session_factory)
        await read_until(lines, "1 unread")
        await ask_alice(app.state.session_factory)
        await read_until(lines, "2 unread")
        async with httpx.AsyncClient(base_url=url, cookies={"unstuck_session": ALICE.token}) as elsewhere:
            assert (await elsewhere.post("/notifications/read")).status_code == 303
        await read_until(lines, "data: ")


async def test_a_page_that_opens_late_is_told_at_once(committed_database: Database) -> None:
    async with serve(committed_database) as (url, _server, app):
        await ask_alice(app.state.session_factory)
        async with follow(url) as lines:
            await read_until(lines, "1 unread")


async def test_many_streams_take_one_connection_and_end_with_the_server(committed_database: Database) -> None:
    async with serve(committed_database) as (url, server, app):
        streams = [follow(url) for _tab in range(40)]
        lines = [await stream.__aenter__() for stream in streams]
        await ask_alice(app.state.session_factory)
        await asyncio.gather(*(read_until(each, "1 unread") for each in lines))
        with committed_database.connect_as_superuser() as connection:
            listening = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            ).fetchone()
        assert listening == (1,)
        assert app.state.session_factory.kw["bind"].pool.checkedout() == 0
        server.should_exit = True
        async with asyncio.timeout(PATIENCE):
            for each in lines:
                assert [line async for line in each if line.startswith("data")] == []
        for stream in streams:
            await stream.__aexit__(None, None, None)


async def test_a_stream_ends_when_the_browser_is_signed_out(committed_database: Database) -> None:
    async with serve(committed_database) as (url, _server, app), follow(url) as lines:
        async with app.state.session_factory() as session, session.begin():
            ended = update(UserSession).where(UserSession.token_hash == hash_token(ALICE.token))
            await session.execute(ended.values(last_seen_at=datetime(2020, 1, 1, tzinfo=UTC)))
        await ask_alice(app.state.session_factory)
        async with asyncio.timeout(PATIENCE):
            assert [line async for line in lines if line.startswith("data")] == []


async def test_listening_goes_on_after_the_connection_was_lost(committed_database: Database) -> None:
    async with serve(committed_database) as (url, _server, app), follow(url) as lines:
        with committed_database.connect_as_superuser() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
        await ask_alice(app.state.session_factory)
        await read_until(lines, "1 unread")


async def test_an_idle_stream_says_that_it_is_still_there(
    committed_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert STILL_THERE_SECONDS < 30
    monkeypatch.setattr("app.notifications.pages.STILL_THERE_SECONDS", 0.2)
    async with serve(committed_database) as (url, _server, _app), follow(url) as lines:
        await read_until(lines, ": still there")


async def test_nobody_follows_without_signing_in(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get("/notifications/live")).status_code == 303


def test_somebody_who_looks_away_leaves_nothing_behind(app: FastAPI) -> None:
    live = app.state.live
    user_id = UUID(int=1)
    with live.follow(user_id) as first, live.follow(user_id):
        live._wake(user_id)
        assert first.is_set()
    assert live._following == {}
