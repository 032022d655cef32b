"""What was refused is kept, although the request that was refused leaves nothing else."""

from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from sqlalchemy import select

from app.accounts.models import AuditEvent
from app.core.config import Settings
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.postgres.databases import Database
from app.core.tenancy import organisation_session
from app.embeddings.slot import ModelSlot
from app.main import attach, create_app
from tests.conftest import BASE_URL, SECRET_KEY
from tests.factories import create_case
from tests.world import ADAM, ALICE, BOB, Person


@pytest.fixture
async def factory(committed_database: Database) -> AsyncIterator[SessionFactory]:
    engine = create_engine(committed_database.app_url)
    yield create_session_factory(engine)
    await engine.dispose()


def open_browser(database: Database, factory: SessionFactory, person: Person) -> httpx.AsyncClient:
    settings = Settings(DATABASE_URL=database.app_url, secret_key=SECRET_KEY, base_url=BASE_URL)
    app = create_app(settings)
    attach(app, settings, factory, ModelSlot(None))
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, cookies={"unstuck_session": person.token})


async def list_events(factory: SessionFactory) -> list[tuple[str, object, str, str]]:
    async with organisation_session(factory, ALICE.organisation_id) as session:
        events = await session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        return [(e.action, e.user_id, e.details["method"], e.details["path"]) for e in events]


async def test_who_is_refused_is_written_down(committed_database: Database, factory: SessionFactory) -> None:
    async with organisation_session(factory, ALICE.organisation_id) as session:
        case = await create_case(session)
    withdraw = f"/api/v1/cases/{case.id}/withdraw"
    async with open_browser(committed_database, factory, BOB) as browser:
        assert (await browser.get("/admin/teams")).status_code == 403
        assert (await browser.post("/admin/teams", data={"name": "Mine"})).status_code == 403
        assert (await browser.post(withdraw, json={"reason": "Because."})).status_code == 403
        assert (await browser.get("/api/v1/cases/01937d2e-5c1a-7b0e-9f51-3f6a2f9f1c11")).status_code == 404
    assert await list_events(factory) == [
        ("access.refused", BOB.id, "GET", "/admin/teams"),
        ("access.refused", BOB.id, "POST", "/admin/teams"),
        ("access.refused", BOB.id, "POST", withdraw),
    ]
    async with open_browser(committed_database, factory, ADAM) as browser:
        page = (await browser.get("/admin/audit")).text
    assert page.count("was refused") >= 3


async def test_not_even_the_owner_of_the_tables_changes_a_line_and_a_case_takes_its_own_along(
    committed_database: Database, factory: SessionFactory
) -> None:
    async with organisation_session(factory, ALICE.organisation_id) as session:
        case = await create_case(session)
    async with open_browser(committed_database, factory, BOB) as browser:
        await browser.get("/admin/teams")
    async with open_browser(committed_database, factory, ALICE) as browser:
        await browser.post(f"/cases/{case.id}/withdraw", data={"reason": "They were bought."})
    with committed_database.connect_as_superuser() as connection:
        for table in ("audit_events", "case_moves"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)  # noqa: S608 - ours.
            for statement in (f"UPDATE {table} SET at = now()", f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608 - ours.
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"), connection.transaction():
                    connection.execute(statement)
        connection.execute("DELETE FROM cases WHERE id = %s", [case.id])
        assert connection.execute("SELECT count(*) FROM case_moves").fetchone() == (0,)
