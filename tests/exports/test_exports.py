import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zipfile import ZipFile

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AuditEvent
from app.accounts.service import create_key
from app.cases.models import Visibility
from app.cases.workflow import State
from app.core.db import Base, SessionFactory
from app.core.jobs import JobEnvironment
from app.core.templating import ROOT
from app.core.tenancy import enter_organisation
from app.exports.content import LEFT_OUT, OWN, SECRET, list_tables
from app.exports.jobs import delete_old_exports, write_export
from app.exports.models import Export, ExportPart
from app.exports.writing import to_cell
from tests.conftest import OpenApi, SignIn
from tests.factories import create_case, create_plan, create_question, create_resolved_case
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, MONA

EXPORTS = "/api/v1/exports"
MENTIONS = {"addressed_to_id", "person_id", "trust_by_id"}
"""Columns that name a person without making the row theirs."""


async def write(session: AsyncSession, factory: SessionFactory, browser: httpx.AsyncClient, **form: str) -> str:
    """Ask for an export and let the job write it; its id."""
    answer = await browser.post("/exports", data=form)
    assert answer.status_code == 303, answer.text
    export = (await session.scalars(select(Export).order_by(Export.id.desc()).limit(1))).one()
    ids = {"organisation_id": str(export.organisation_id), "export_id": str(export.id)}
    await write_export(JobEnvironment(factory), **ids)
    await write_export(JobEnvironment(factory), **ids)
    return str(export.id)


async def fetch(browser: httpx.AsyncClient, export_id: str) -> ZipFile:
    answer = await browser.get(f"/exports/{export_id}/file")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    return ZipFile(io.BytesIO(answer.content))


def read(packed: ZipFile, table: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in packed.read(f"{table}.jsonl").decode().splitlines()]


async def test_everything_of_the_organisation_is_in_the_zip_twice(
    session: AsyncSession, session_factory: SessionFactory, adam: httpx.AsyncClient
) -> None:
    await create_case(session, owner=DORA, title="Another organisation's")
    restricted = await create_case(session, title='=Restricted; "ærlig"', visibility=Visibility.RESTRICTED)
    await create_question(session, restricted, text="Who decides?\nAnd when?")
    draft = await create_case(session, state=State.DRAFT, title="A secret start", customer="Secret AS")
    _key, token = await create_key(session, ALICE.organisation_id, "CRM", ["cases:read"], None)
    packed = await fetch(adam, await write(session, session_factory, adam, scope="organisation"))
    cases = read(packed, "cases")
    assert [case["title"] for case in cases] == ['=Restricted; "ærlig"']
    sheet = list(csv.DictReader(io.StringIO(packed.read("cases.csv").decode("utf-8-sig"))))
    assert sheet[0]["title"] == '\'=Restricted; "ærlig"', "no spreadsheet runs it as a formula"
    assert sheet[0]["id"] == str(restricted.id)
    assert [row["text"] for row in read(packed, "questions")] == ["Who decides?\nAnd when?"]
    assert {row["email"] for row in read(packed, "users")} >= {ALICE.email, ADAM.email}
    whole = b"".join(packed.read(name) for name in packed.namelist()).decode()
    for secret in ("A secret start", "Secret AS", str(draft.id), "Another organisation", DORA.email, "token_hash"):
        assert secret not in whole, secret
    assert token not in whole
    about = json.loads(packed.read("about.json"))
    assert about["rows"]["cases"] == 1
    assert set(packed.namelist()) == {"about.json"} | {
        f"{table.name}.{kind}" for table in list_tables() for kind in ("csv", "jsonl")
    }


async def test_a_person_gets_what_that_person_wrote_with_the_drafts(
    session: AsyncSession, session_factory: SessionFactory, alice: httpx.AsyncClient, adam: httpx.AsyncClient
) -> None:
    own = await create_resolved_case(session, title="Mine")
    await create_case(session, title="My draft", state=State.DRAFT)
    other = await create_case(session, owner=BOB, title="Bob's")
    await create_question(session, other, by=ALICE, text="What I asked Bob")
    await create_question(session, own, by=BOB, text="What Bob asked me")
    await create_plan(session, other, by=MONA, move="Mona's plan")
    packed = await fetch(alice, await write(session, session_factory, alice, scope="person"))
    assert {case["title"] for case in read(packed, "cases")} == {"Mine", "My draft"}
    assert [row["text"] for row in read(packed, "questions")] == ["What I asked Bob"]
    assert [row["email"] for row in read(packed, "users")] == [ALICE.email]
    assert read(packed, "plans") == []
    form = {"scope": "person", "user_id": str(ALICE.id)}
    packed = await fetch(adam, await write(session, session_factory, adam, **form))
    assert {case["title"] for case in read(packed, "cases")} == {"Mine"}, "a draft is its author's alone"


async def test_nobody_else_fetches_the_file(
    session: AsyncSession, session_factory: SessionFactory, adam: httpx.AsyncClient, sign_in: SignIn, open_api: OpenApi
) -> None:
    export_id = await write(session, session_factory, adam, scope="organisation")
    for person in (ALICE, MONA, DORA):
        browser = await sign_in(person)
        assert (await browser.get(f"/exports/{export_id}/file")).status_code == 404
        assert (await browser.get(f"{EXPORTS}/{export_id}")).status_code == 404
        assert export_id not in (await browser.get("/exports")).text
    program = await open_api(ADAM, "export:read", act_as=False)
    assert (await program.get(f"{EXPORTS}/{export_id}/file")).status_code == 404
    assert (await adam.get(f"{EXPORTS}/{export_id}/file")).status_code == 200
    events = await session.scalars(select(AuditEvent.action).order_by(AuditEvent.id))
    assert list(events) == ["export.asked", "export.fetched"]


async def test_only_an_admin_exports_more_than_the_own(sign_in: SignIn, open_api: OpenApi) -> None:
    for person in (ALICE, MONA):
        browser = await sign_in(person)
        assert (await browser.post("/exports", data={"scope": "organisation"})).status_code == 403
        assert (await browser.post("/exports", data={"scope": "person", "user_id": str(BOB.id)})).status_code == 403
        acting = await open_api(person, "export:read", "act-as")
        assert (await acting.post(EXPORTS, json={"scope": "organisation"})).status_code == 403
    adam = await sign_in(ADAM)
    assert (await adam.post("/exports", data={"scope": "person", "user_id": str(DORA.id)})).status_code == 422
    assert (await adam.post("/exports", data={"scope": "all"})).status_code == 422


async def test_a_program_asks_waits_and_fetches(
    session: AsyncSession, session_factory: SessionFactory, open_api: OpenApi
) -> None:
    await create_case(session)
    program = await open_api(ADAM, "export:read", act_as=False)
    assert (await (await open_api(ADAM)).get(EXPORTS)).status_code == 403
    asked = await program.post(EXPORTS, json={"scope": "organisation"})
    assert (asked.status_code, asked.json()["finished_at"]) == (201, None)
    place = asked.headers["location"]
    assert (await program.get(f"{place}/file")).json()["code"] == "export_unfinished"
    assert (await program.post(EXPORTS, json={"scope": "organisation"})).json()["code"] == "export_under_way"
    assert (await program.post(EXPORTS, json={"scope": "person"})).status_code == 403, "it is nobody"
    ids = {"organisation_id": str(ALICE.organisation_id), "export_id": asked.json()["id"]}
    await write_export(JobEnvironment(session_factory), **ids)
    read_again = (await program.get(place)).json()
    assert read_again["done"] == read_again["total"] > 0
    file = (await program.get(f"{place}/file")).content
    assert len(file) == read_again["size"]
    assert [item["id"] for item in (await program.get(EXPORTS)).json()["items"]] == [asked.json()["id"]]


async def test_the_page_shows_how_far_it_is(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    await alice.post("/exports", data={"scope": "person"})
    assert "Waits for its turn" in (await alice.get("/exports")).text
    await session.execute(update(Export).values(total=40, done=10))
    part = await alice.get("/exports", headers={"HX-Request": "true"})
    assert "10 of 40 rows" in part.text
    assert "<html" not in part.text
    assert "hx-trigger" in part.text
    again = await alice.post("/exports", data={"scope": "person"})
    assert "wait" in again.headers["set-cookie"]


async def test_a_file_is_kept_for_two_days(
    session: AsyncSession, session_factory: SessionFactory, charlie: httpx.AsyncClient
) -> None:
    export_id = await write(session, session_factory, charlie, scope="person")
    for age, left in ((timedelta(days=1), 1), (timedelta(days=3), 0)):
        old = update(Export).where(Export.id == UUID(export_id)).values(created_at=datetime.now(UTC) - age)
        await session.execute(old)
        await delete_old_exports(JobEnvironment(session_factory))
        await enter_organisation(session, CHARLIE.organisation_id)
        assert await session.scalar(select(func.count()).select_from(ExportPart)) == left
    assert (await charlie.get(f"/exports/{export_id}/file")).status_code == 404


@pytest.mark.parametrize("value", ["=1+1", "+47", "-1", "@sum", "\tx"])
def test_no_cell_is_a_formula(value: str) -> None:
    assert to_cell(value) == f"'{value}"


def test_every_table_and_every_column_about_a_person_was_thought_of() -> None:
    tables = {table.name for table in Base.metadata.sorted_tables if "organisation_id" in table.c}
    assert {table.name for table in list_tables()} == tables - LEFT_OUT.keys()
    pointing = {
        column
        for table in list_tables()
        for constraint in table.foreign_key_constraints
        if constraint.referred_table.name == "users"
        for column in constraint.column_keys
    }
    assert pointing - OWN - MENTIONS == {"organisation_id"}
    columns = {column.name for table in list_tables() for column in table.c}
    assert {name for name in columns if "token" in name or "hash" in name or "secret" in name} == SECRET


def test_the_job_knows_the_tables_of_every_feature() -> None:
    """In a process of its own: this one has imported everything already."""
    command = [sys.executable, "-c", "import sys, app.exports.jobs; print(*sys.modules)"]
    known = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())  # noqa: S603 - our own.
    tables = [path for path in (ROOT / "app").glob("*/models.py") if "__tablename__" in path.read_text()]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in tables}
    assert len(modules) > 5
    assert modules - known == set()
