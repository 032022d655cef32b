import io
import zipfile
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import User
from app.cases.models import Case, CaseObstacle
from app.cases.workflow import State
from app.core.db import SessionFactory
from app.core.errors import Invalid
from app.core.jobs import JobEnvironment
from app.imports.fields import guess_mapping
from app.imports.jobs import work_through
from app.imports.models import Import, Stage
from app.imports.reading import read_table
from tests.conftest import SignIn
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, MONA

HEADINGS = "Tittel;Kunde;Hindring;Situasjon;Mål;Eier;Beløp;Valuta;Lukkedato;Stikkord"
GOOD = f"Stille i havna;Havnelast AS;Taus;De svarer ikke.;Et møte.;{ALICE.email};480 000,50;NOK;31.12.2026;havn, anbud"
CODE = "silent"


def sheet(*rows: str) -> bytes:
    return "\n".join([HEADINGS, *rows]).replace("Taus", CODE).encode()


async def upload(browser: httpx.AsyncClient, data: bytes, name: str = "saker.csv") -> httpx.Response:
    return await browser.post("/admin/imports", files={"file": (name, data)})


async def work(session: AsyncSession, factory: SessionFactory, place: str) -> Import:
    """Let the job work off the import; twice, as a worker may."""
    ids = {"organisation_id": str(ADAM.organisation_id), "import_id": place.rpartition("/")[2]}
    await work_through(JobEnvironment(factory), language="en", **ids)
    await work_through(JobEnvironment(factory), language="en", **ids)
    return (await session.scalars(select(Import).execution_options(populate_existing=True))).one()


async def check(
    browser: httpx.AsyncClient, session: AsyncSession, factory: SessionFactory, data: bytes, **form: str
) -> tuple[str, Import]:
    place = (await upload(browser, data)).headers["location"]
    mapping = {field: str(number) for field, number in guess_mapping(read_table(data).columns).items()}
    answer = await browser.post(f"{place}/check", data=mapping | {"posts": "true"} | form)
    assert answer.status_code == 303, answer.text
    return place, await work(session, factory, place)


async def count_cases(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Case)) or 0


async def test_cases_are_checked_without_effect_and_then_imported(
    adam: httpx.AsyncClient, session: AsyncSession, session_factory: SessionFactory
) -> None:
    bad = "Uten hinder;Havnelast AS;regn;De svarer ikke.;Et møte.;nobody@fjord.example;dyrt;NOK;31.12.2026;"
    place, checked = await check(adam, session, session_factory, sheet(GOOD, bad, GOOD.replace("Et møte.", "")))
    assert (checked.stage, checked.total, checked.done, checked.taken) == (Stage.CHECKED, 3, 3, 1)
    assert await count_cases(session) == 0, "nothing has happened yet"
    page = (await adam.get(place)).text
    assert "1 rows can be imported, 2 cannot." in page
    for words in ("Row 3", "There is no such user here.", "Row 4", "Say what you want to achieve."):
        assert words in page, words
    assert (await adam.post(f"{place}/run")).status_code == 303
    done = await work(session, session_factory, place)
    assert (done.stage, done.taken) == (Stage.IMPORTED, 1)
    loading = (joinedload(Case.deal), selectinload(Case.obstacles).joinedload(CaseObstacle.code))
    [case] = await session.scalars(select(Case).options(*loading))
    assert (case.title, case.state, case.owner_id) == ("Stille i havna", State.INVESTIGATING, ALICE.id)
    assert (case.author_id, case.team_id, case.language) == (ADAM.id, ALICE.team_id, "nb")
    assert [obstacle.code.key for obstacle in case.obstacles] == [CODE]
    assert (case.deal.customer, str(case.deal.amount), case.deal.currency) == ("Havnelast AS", "480000.50", "NOK")
    assert (str(case.deal.close_date), case.tags) == ("2026-12-31", ["havn", "anbud"])
    assert (await adam.post(f"{place}/run")).status_code == 409, "once"
    assert (await adam.post(f"{place}/check", data={"title": "0"})).status_code == 409
    queues = await session.execute(text("SELECT DISTINCT queue_name FROM procrastinate_jobs"))
    assert [row[0] for row in queues] == ["bulk"], "nobody's edit waits behind an import"


async def test_a_row_that_fails_says_why_at_each_field(
    adam: httpx.AsyncClient, session: AsyncSession, session_factory: SessionFactory
) -> None:
    bad = f"{'x' * 141};Havnelast AS;regn;De svarer ikke.;Et møte.;{BOB.email};dyrt;kroner;i morgen;"
    _place, checked = await check(adam, session, session_factory, sheet(bad))
    [row] = checked.errors
    assert row["row"] == 2
    assert set(row["fields"]) >= {"title", "obstacles", "amount", "currency", "close_date"}
    assert row["fields"]["obstacles"] == "“regn” is none of the choices."


async def test_whoever_follows_is_not_told_row_by_row(
    adam: httpx.AsyncClient, session: AsyncSession, session_factory: SessionFactory
) -> None:
    place, _checked = await check(adam, session, session_factory, sheet(GOOD, GOOD))
    await adam.post(f"{place}/run")
    await work(session, session_factory, place)
    changed = text("SELECT args->>'action' FROM procrastinate_jobs WHERE task_name = 'case.changed'")
    assert set((await session.scalars(changed)).all()) == {""}


async def test_cases_may_stay_drafts_of_their_owners(
    adam: httpx.AsyncClient, session: AsyncSession, session_factory: SessionFactory
) -> None:
    data = f"title,owner,team\nOnly a title,{CHARLIE.email},oslo\n".encode()
    place = (await upload(adam, data)).headers["location"]
    await adam.post(f"{place}/check", data={"title": "0", "owner": "1", "team": "2"})
    await work(session, session_factory, place)
    await adam.post(f"{place}/run")
    assert (await work(session, session_factory, place)).taken == 1
    [case] = await session.scalars(select(Case))
    assert (case.state, case.owner_id, case.team_id) == (State.DRAFT, CHARLIE.id, ALICE.team_id)


async def test_a_job_that_was_killed_goes_on_where_it_stood(
    adam: httpx.AsyncClient, session: AsyncSession, session_factory: SessionFactory
) -> None:
    place, _checked = await check(adam, session, session_factory, sheet(GOOD, GOOD, GOOD))
    await adam.post(f"{place}/run")
    await session.execute(update(Import).values(done=2))
    assert (await work(session, session_factory, place)).stage is Stage.IMPORTED
    assert await count_cases(session) == 1


async def test_who_is_no_longer_an_admin_imports_nothing(
    adam: httpx.AsyncClient, session: AsyncSession, session_factory: SessionFactory
) -> None:
    place, _checked = await check(adam, session, session_factory, sheet(GOOD))
    await adam.post(f"{place}/run")
    await session.execute(update(User).where(User.id == ADAM.id).values(role="seller"))
    await work(session, session_factory, place)
    assert await count_cases(session) == 0


async def test_the_columns_are_chosen_by_the_admin(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    place = (await upload(adam, b"A,B\nQuiet,Havnelast\n")).headers["location"]
    page = (await adam.get(place)).text
    assert "Such as" not in page, "no heading is known"
    for wrong in ({}, {"title": ""}, {"title": "7"}, {"title": "-1"}, {"title": "x"}, {"customer": "1"}):
        answer = await adam.post(f"{place}/check", data={"posts": "true", **wrong})
        assert answer.status_code == 422, wrong
    assert '<option value="1" selected>B</option>' in answer.text, "what was chosen stands there again"
    assert (await adam.post(f"{place}/run")).status_code == 409, "not checked"
    assert (await adam.post(f"{place}/check", data={"title": "0"})).status_code == 303
    part = await adam.get(place, headers={"HX-Request": "true"})
    assert "0 of 1 rows" in part.text
    assert "<html" not in part.text
    assert (await adam.post(f"{place}/check", data={"title": "0"})).status_code == 409, "under way"


async def test_an_import_is_its_admins_alone(adam: httpx.AsyncClient, sign_in: SignIn) -> None:
    place = (await upload(adam, sheet(GOOD))).headers["location"]
    for person, status in ((DORA, 404), (MONA, 403), (ALICE, 403)):
        browser = await sign_in(person)
        assert (await browser.get(place)).status_code == status
        assert (await browser.post(f"{place}/run")).status_code == status
        assert "saker.csv" not in (await browser.get("/admin/imports")).text
    assert "saker.csv" in (await adam.get("/admin/imports")).text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"title",
        b"title\n\n\n",
        b"\x00\x01\x02",
        b"PK\x03\x04 nothing",
        b"title\n" + b"x\n" * 5_001,
        b",".join([b"c"] * 101) + b"\nx",
    ],
    ids=["empty", "no row", "blank rows", "binary", "no zip", "too many rows", "too many columns"],
)
async def test_what_is_no_table_is_refused(adam: httpx.AsyncClient, session: AsyncSession, data: bytes) -> None:
    answer = await upload(adam, data)
    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert await session.scalar(select(func.count()).select_from(Import)) == 0


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ";"), ("utf-16", "\t")]
)
def test_text_is_read_as_spreadsheets_write_it(encoding: str, delimiter: str) -> None:
    text = f'Tittel{delimiter}Kunde\r\n"Ærlig\nog rett"{delimiter}Bjørk & Åse\r\n'
    table = read_table(text.encode(encoding))
    assert (table.columns, table.rows) == (["Tittel", "Kunde"], [["Ærlig\nog rett", "Bjørk & Åse"]])


CELL = '<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>'
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
    ' Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Saker" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"'
    ' Target="worksheets/sheet1.xml"/></Relationships>',
}


def make_sheet() -> bytes:
    first = CELL.format(at="A1", text="Tittel") + CELL.format(at="B1", text="Beløp")
    second = CELL.format(at="A2", text="Stille") + '<c r="B2"><v>480000</v></c>'
    rows = f'<row r="1">{first}</row><row r="2">{second}</row>'
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    page = f'<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        for name, part in (PARTS | {"xl/worksheets/sheet1.xml": page}).items():
            book.writestr(name, part)
    return packed.getvalue()


def test_a_spreadsheet_is_read_like_a_csv() -> None:
    table = read_table(make_sheet())
    assert (table.columns, table.rows) == (["Tittel", "Beløp"], [["Stille", "480000"]])


def test_a_spreadsheet_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as book, book.open("a.xml", "w") as part:
        for _megabyte in range(101):
            part.write(b" " * 1_000_000)
    with pytest.raises(Invalid):
        read_table(bomb.read_bytes())


def test_columns_are_recognised_in_three_languages() -> None:
    assert guess_mapping(["Tittel", "Kunde", "Unknown"]) == {"title": 0, "customer": 1}
    assert guess_mapping(["Rubrik", "Ägare"]) == {"title": 0, "owner": 1}
    assert guess_mapping(["title", "desired state", "Close date"]) == {"title": 0, "desired_state": 1, "close_date": 2}
