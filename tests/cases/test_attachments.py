"""Files on a case: checked against their names, seen by who sees the case, gone with it."""

import io
import zipfile
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.attachments.schemas import FILE_LIMIT, FILES_LIMIT
from app.cases.models import Attachment, Case, Visibility
from app.cases.workflow import State
from tests.conftest import OpenApi
from tests.factories import create_attachment, create_case
from tests.world import ALICE, BOB, CHARLIE

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00aaaa"
SCRIPT = b"<!DOCTYPE html><script>run()</script>"


def pack(*names: str) -> bytes:
    """A zip without the time of day, since every process must name its tests alike."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.writestr(zipfile.ZipInfo(name), "<x/>")
    return archive.getvalue()


DOCX = pack("[Content_Types].xml", "word/document.xml")

FITTING = {
    "offer.pdf": PDF,
    "Skjerm bilde.PNG": PNG,
    "photo.jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9",
    "loop.gif": b"GIF89a\x01\x00\x01\x00",
    "port.webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "tilbud.docx": DOCX,
    "priser.xlsx": pack("[Content_Types].xml", "xl/workbook.xml"),
    "møte.pptx": pack("[Content_Types].xml", "ppt/presentation.xml"),
    "notes.txt": "Ærlig talt: nei.\n".encode(),
    "priser.csv": "navn;pris\nKjøl;100\n".encode("cp1252"),
    "unicode.csv": "navn;pris\n".encode("utf-16"),
}
UNFIT: list[tuple[str, bytes, int]] = [
    ("page.html", SCRIPT, 415),
    ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
    ("run.exe", b"MZ\x90\x00" + bytes(100), 415),
    ("noending", PDF, 415),
    ("offer.pdf", SCRIPT, 422),
    ("offer.pdf", PNG, 422),
    ("photo.png", PDF, 422),
    ("photo.jpg", b"\x00\x01\x02", 422),
    ("tilbud.docx", pack("a.txt"), 422),
    ("tilbud.docx", FITTING["priser.xlsx"], 422),
    ("tilbud.docx", pack("word/document.xml", "word/vbaProject.bin"), 422),
    ("tilbud.docx", DOCX[:40], 422),
    ("notes.txt", b"MZ\x90\x00" + bytes(100), 422),
    ("notes.txt", b"\xff\xfe\x00\xd8", 422),
    ("empty.pdf", b"", 422),
    ("name\x1b.pdf", PDF, 422),
    (f"{'x' * 200}.pdf", PDF, 422),
    ("large.pdf", PDF + b"x" * FILE_LIMIT, 413),
]


def place(case: Case, *parts: object) -> str:
    return "/".join(map(str, ("/api/v1/cases", case.id, "attachments", *parts)))


async def send(api: httpx.AsyncClient, case: Case, name: str, content: bytes, **headers: str) -> httpx.Response:
    return await api.post(place(case), files={"file": (name, content, "text/html")}, headers=headers)


@pytest.mark.parametrize("name", FITTING)
async def test_a_file_comes_back_as_it_was_sent(name: str, session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    api = await open_api(ALICE)
    added = await send(api, case, name, FITTING[name])
    assert added.status_code == 201, added.text
    read = added.json()
    assert read["name"] == name
    assert read["size"] == len(FITTING[name])
    assert read["added_by"]["name"] == ALICE.name
    assert (await api.get(added.headers["location"])).json() == read
    assert (await api.get(place(case))).json()["items"] == [read]
    content = await api.get(read["content_url"])
    assert content.content == FITTING[name]
    assert content.headers["content-type"] == read["media_type"] != "text/html"


@pytest.mark.parametrize(("name", "content", "status"), UNFIT, ids=lambda value: str(value)[:20])
async def test_a_file_that_is_not_taken(
    name: str, content: bytes, status: int, session: AsyncSession, open_api: OpenApi, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    refused = await send(await open_api(ALICE), case, name, content)
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    page = await alice.post(f"/cases/{case.id}/attachments", files={"file": (name, content)})
    assert page.status_code == 422
    assert "field-error" in page.text
    assert await session.scalar(select(func.count()).select_from(Attachment)) == 0


async def test_a_path_in_the_name_is_dropped(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    api = await open_api(ALICE)
    for sent in ("C:\\deals\\offer.pdf", "../../etc/offer.pdf"):
        assert (await send(api, case, sent, PDF)).json()["name"] == "offer.pdf"


async def test_a_download_runs_nothing(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session)
    attachment = await create_attachment(session, case, 'på "norsk"; x.txt', b"<script>run()</script>", "text/plain")
    response = await bob.get(f"/cases/{case.id}/attachments/{attachment.id}")
    assert response.headers["content-disposition"] == ("attachment; filename*=UTF-8''p%C3%A5%20%22norsk%22%3B%20x.txt")
    assert response.headers["content-type"] == "text/plain"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert response.headers["cache-control"] == "private, no-store"


async def test_only_a_picture_is_shown_on_the_page(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session)
    picture = await create_attachment(session, case, "port.png", PNG, "image/png")
    offer = await create_attachment(session, case, "offer.pdf", PDF, "application/pdf")
    page = (await bob.get(f"/cases/{case.id}")).text
    shown, not_shown = (f"/cases/{case.id}/attachments/{file.id}/preview" for file in (picture, offer))
    assert shown in page
    assert not_shown not in page
    assert (await bob.get(shown)).headers["content-disposition"].startswith("inline")
    assert (await bob.get(not_shown)).status_code == 404


async def test_files_are_added_and_removed_by_a_form(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    files = [("file", (name, content)) for name, content in FITTING.items()]
    added = await alice.post(f"/cases/{case.id}/attachments", files=files)
    assert added.status_code == 303
    page = (await alice.get(added.headers["location"])).text
    assert [name for name in FITTING if name not in page] == []
    for attachment_id in await session.scalars(select(Attachment.id)):
        removed = await alice.post(f"/cases/{case.id}/attachments/{attachment_id}/delete")
        assert removed.status_code == 303
    assert await session.scalar(select(func.count()).select_from(Attachment)) == 0


async def test_a_form_in_which_nothing_was_chosen(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    response = await alice.post(f"/cases/{case.id}/attachments", files={"file": ("", b"")})
    assert response.status_code == 422
    assert "Choose a file." in response.text


async def test_one_file_that_is_not_taken_keeps_all_out(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    files = [("file", ("offer.pdf", PDF)), ("file", ("page.html", SCRIPT))]
    assert (await alice.post(f"/cases/{case.id}/attachments", files=files)).status_code == 422
    assert await session.scalar(select(func.count()).select_from(Attachment)) == 0


async def test_a_case_has_so_many_files_and_no_more(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    for number in range(FILES_LIMIT):
        await create_attachment(session, case, f"{number}.pdf", PDF, "application/pdf")
    refused = await send(await open_api(ALICE), case, "offer.pdf", PDF)
    assert refused.status_code == 409
    assert refused.json()["code"] == "too_many_attachments"


async def test_what_is_larger_than_a_request_may_be(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    files = [("file", (f"{n}.txt", b"x" * 9_000_000)) for n in range(3)]
    response = await alice.post(f"/cases/{case.id}/attachments", files=files)
    assert response.status_code == 422
    assert "25 MB" in response.text


async def test_a_body_of_another_kind(session: AsyncSession, open_api: OpenApi, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    api = await open_api(ALICE)
    assert (await api.post(place(case), json={"file": "x"})).status_code == 415
    assert (await api.post(place(case))).status_code == 422
    assert (await api.post(place(case), files={"other": ("offer.pdf", PDF)})).status_code == 422
    broken = {"Content-Type": "multipart/form-data"}
    assert (await api.post(place(case), content=b"file", headers=broken)).status_code == 400
    assert (await alice.post(f"/cases/{case.id}/attachments", content=b"file", headers=broken)).status_code == 400


async def test_the_same_key_attaches_once(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    api = await open_api(ALICE)
    request: dict[str, Any] = {
        "content": b'--b\r\nContent-Disposition: form-data; name="file"; filename="offer.pdf"\r\n\r\n'
        + PDF
        + b"\r\n--b--",
        "headers": {"Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": "once"},
    }
    first, second = [await api.post(place(case), **request) for _ in range(2)]
    assert first.status_code == 201
    assert first.json() == second.json()
    assert await session.scalar(select(func.count()).select_from(Attachment)) == 1


@pytest.mark.parametrize("visibility", [Visibility.TEAM, Visibility.RESTRICTED])
async def test_who_may_not_see_the_case_sees_no_file(
    visibility: Visibility, session: AsyncSession, charlie: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session, visibility=visibility)
    attachment = await create_attachment(session, case, "port.png", PNG, "image/png")
    other = await create_case(session, owner=CHARLIE)
    api = await open_api(CHARLIE)
    for path in (place(case), place(case, attachment.id), place(case, attachment.id, "content")):
        assert (await api.get(path)).status_code == 404
    assert (await api.get(place(other, attachment.id))).status_code == 404
    assert (await api.delete(place(other, attachment.id))).status_code == 404
    for path in ("", f"/{attachment.id}", f"/{attachment.id}/preview"):
        assert (await charlie.get(f"/cases/{case.id}/attachments{path}")).status_code == 404


async def test_who_reads_the_case_reads_the_file_but_changes_nothing(
    session: AsyncSession, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session)
    attachment = await create_attachment(session, case, "offer.pdf", PDF, "application/pdf")
    assert "offer.pdf" in (await bob.get(f"/cases/{case.id}")).text
    assert "Attach" not in (await bob.get(f"/cases/{case.id}/attachments")).text
    api = await open_api(BOB)
    assert (await send(api, case, "offer.pdf", PDF)).status_code == 403
    assert (await api.delete(place(case, attachment.id))).status_code == 403
    page = f"/cases/{case.id}/attachments"
    assert (await bob.post(page, files={"file": ("offer.pdf", PDF)})).status_code == 403
    assert (await bob.post(f"{page}/{attachment.id}/delete")).status_code == 403


async def test_a_file_of_a_draft_goes_with_the_draft(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.DRAFT)
    attachment = await create_attachment(session, case, "offer.pdf", PDF, "application/pdf")
    assert f"/cases/{case.id}/attachments" in (await alice.get(f"/cases/{case.id}/draft")).text
    assert (await bob.get(f"/cases/{case.id}/attachments/{attachment.id}")).status_code == 404
    assert (await alice.post(f"/cases/{case.id}/draft/delete")).status_code == 303
    assert await session.scalar(select(func.count()).select_from(Attachment)) == 0


async def test_a_file_removed_by_a_program_is_gone(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    attachment = await create_attachment(session, case, "offer.pdf", PDF, "application/pdf")
    api = await open_api(ALICE)
    assert (await api.delete(place(case, uuid4()))).status_code == 404
    assert (await api.delete(place(case, attachment.id))).status_code == 204
    assert (await api.get(place(case, attachment.id, "content"))).status_code == 404
    assert (await api.get(place(case))).json()["items"] == []
