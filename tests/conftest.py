"""One server a run, one database a worker, one rolled-back transaction a test."""

import getpass
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.accounts.service import create_key
from app.core.config import Settings
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment
from app.core.postgres.databases import Database
from app.core.tenancy import enter_organisation
from app.embeddings.build import build_model, default_model_dir
from app.embeddings.slot import ModelSlot
from app.main import attach, create_app
from app.similar.jobs import index_case
from app.worker import FOLLOWERS
from tests.database import TestServer, copy_template, drop_database
from tests.mailbox import Mailbox
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, LENA, MONA, Person

BASE_URL = "http://unstuck.test"
SOCKET_VARIABLE = "UNSTUCK_TEST_SOCKET"
SECRET_KEY = "a secret for tests, long enough to be taken"

_servers: list[TestServer] = []


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly or SOCKET_VARIABLE in os.environ:
        return
    server = TestServer()
    _servers.append(server)
    server.create_template()
    os.environ[SOCKET_VARIABLE] = str(server.address.socket_dir)


def pytest_unconfigure() -> None:
    for server in _servers:
        server.stop()
        os.environ.pop(SOCKET_VARIABLE, None)
    _servers.clear()


@pytest.fixture(scope="session")
def server_address() -> Database:
    return Database(Path(os.environ[SOCKET_VARIABLE]), "postgres")


@pytest.fixture(scope="session")
def database(server_address: Database) -> Iterator[Database]:
    """The worker's own database; nothing is ever committed to it."""
    copy = copy_template(server_address, f"test_{uuid4().hex[:12]}")
    yield copy
    drop_database(copy)


@pytest.fixture(scope="session")
def settings(database: Database) -> Settings:
    return Settings(DATABASE_URL=database.app_url, secret_key=SECRET_KEY, base_url=BASE_URL)


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """A built model, kept between runs."""
    kept = os.environ.get("UNSTUCK_TEST_MODEL_DIR")
    shared = Path(tempfile.gettempdir(), f"unstuck-tests-{getpass.getuser()}")
    return build_model(Path(kept) if kept else default_model_dir(shared), progress=lambda _: None)


@pytest.fixture(scope="session")
def application(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture(scope="session")
async def pool(database: Database) -> AsyncIterator[AsyncEngine]:
    """One connection, kept through the run: a new one reads the catalogue anew. One that was ended is replaced."""
    engine = create_async_engine(database.app_url, pool_size=1, pool_pre_ping=True)
    yield engine
    await engine.dispose()


@pytest.fixture
async def connection(pool: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with pool.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()


@pytest.fixture
def session_factory(connection: AsyncConnection) -> SessionFactory:
    return async_sessionmaker(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)


@pytest.fixture
async def session(session_factory: SessionFactory) -> AsyncIterator[AsyncSession]:
    """Inside Alice's organisation; what is added must be flushed to be seen by requests."""
    async with session_factory() as session:
        await enter_organisation(session, ALICE.organisation_id)
        yield session


@pytest.fixture
def app(application: FastAPI, settings: Settings, session_factory: SessionFactory) -> FastAPI:
    attach(application, settings, session_factory, ModelSlot(None))
    return application


@pytest.fixture
async def open_client(app: FastAPI) -> AsyncIterator[Callable[..., Awaitable[httpx.AsyncClient]]]:
    """Open clients that are closed after the test."""
    async with AsyncExitStack() as stack:

        async def open_one(**options: object) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app=app)
            headers = {"Accept-Language": "en", **dict(options.pop("headers", {}))}  # type: ignore[call-overload]
            client = httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers, **options)  # type: ignore[arg-type]
            return await stack.enter_async_context(client)

        yield open_one


WorkOff = Callable[[], Awaitable[None]]
SignIn = Callable[[Person], Awaitable[httpx.AsyncClient]]
OpenApi = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
def sign_in(open_client: Callable[..., Awaitable[httpx.AsyncClient]]) -> SignIn:
    """A browser in which this person is signed in."""

    async def sign_in(person: Person) -> httpx.AsyncClient:
        return await open_client(cookies={"unstuck_session": person.token})

    return sign_in


@pytest.fixture
async def visitor(open_client: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    """A browser in which nobody is signed in."""
    return await open_client()


@pytest.fixture
def open_api(open_client: Callable[..., Awaitable[httpx.AsyncClient]], session: AsyncSession) -> OpenApi:
    """A program with a key of the person's organisation, acting as that person unless told not to."""

    async def open_api(person: Person, *scopes: str, act_as: bool = True) -> httpx.AsyncClient:
        await enter_organisation(session, person.organisation_id)
        wanted = list(scopes) or ["cases:read", "cases:write", "act-as"]
        _key, token = await create_key(
            session, person.organisation_id, name="A program", scopes=wanted, created_by_id=None
        )
        await session.flush()
        await enter_organisation(session, ALICE.organisation_id)
        headers = {"Authorization": f"Bearer {token}"}
        if act_as:
            headers["Unstuck-Act-As"] = person.email
        return await open_client(headers=headers)

    return open_api


@pytest.fixture
async def alice(sign_in: SignIn) -> httpx.AsyncClient:
    """Alice's browser: a seller in team Oslo, who owns what the factories make."""
    return await sign_in(ALICE)


@pytest.fixture
async def bob(sign_in: SignIn) -> httpx.AsyncClient:
    """Bob's browser: Alice's colleague."""
    return await sign_in(BOB)


@pytest.fixture
async def mona(sign_in: SignIn) -> httpx.AsyncClient:
    """Mona's browser: she leads team Oslo."""
    return await sign_in(MONA)


@pytest.fixture
async def charlie(sign_in: SignIn) -> httpx.AsyncClient:
    """Charlie's browser: a seller in team Bergen."""
    return await sign_in(CHARLIE)


@pytest.fixture
async def lena(sign_in: SignIn) -> httpx.AsyncClient:
    """Lena's browser: the leader."""
    return await sign_in(LENA)


@pytest.fixture
async def adam(sign_in: SignIn) -> httpx.AsyncClient:
    """Adam's browser: the admin."""
    return await sign_in(ADAM)


@pytest.fixture
async def dora(sign_in: SignIn) -> httpx.AsyncClient:
    """Dora's browser: the admin of another organisation, who must never see a thing."""
    return await sign_in(DORA)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """An SMTP server of the test's own."""
    box = Mailbox()
    await box.open()
    yield box
    await box.close()


@pytest.fixture
def environment(session_factory: SessionFactory, settings: Settings) -> JobEnvironment:
    return JobEnvironment(session_factory, {Settings: settings})


@pytest.fixture
def work_off(session: AsyncSession, environment: JobEnvironment) -> WorkOff:
    """Do what the worker would, twice as it may happen, besides reading cases for search."""

    async def work_off() -> None:
        while jobs := (
            await session.execute(text("DELETE FROM procrastinate_jobs RETURNING id, task_name, args"))
        ).all():
            for job in sorted(jobs):
                for follower in FOLLOWERS[job.task_name]:
                    if follower is not index_case:
                        await follower(environment, **job.args)
                        await follower(environment, **job.args)

    return work_off


@pytest.fixture
def committed_database(server_address: Database) -> Iterator[Database]:
    """A database of the test's own, for what crosses transactions."""
    copy = copy_template(server_address, f"test_{uuid4().hex[:12]}")
    yield copy
    drop_database(copy)


@asynccontextmanager
async def run_lifespan(app: FastAPI) -> AsyncIterator[FastAPI]:
    """The application started and stopped as a server would."""
    async with app.router.lifespan_context(app):
        yield app


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser journeys run last: a broken rule shows sooner in a quick test. What leaves odd texts runs after them."""
    items.sort(key=lambda item: ("e2e" in item.path.parts, item.path.name == "test_api_contract.py"))
