"""The files of a case for people: added, downloaded, looked at, removed."""

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.attachments import service
from app.cases.attachments.deps import AttachmentWithContent, RemovableAttachment
from app.cases.attachments.kinds import KINDS
from app.cases.attachments.queries import list_attachments
from app.cases.attachments.schemas import FILE_LIMIT, FILES_LIMIT, NewFile, read_file
from app.cases.attachments.serving import serve
from app.cases.deps import EditableCase, ReadableCase, may_edit
from app.cases.models import Case
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Conflict, Invalid, NotFound, TooLarge, WrongContent
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_page_router()


@router.get("/cases/{case_id}/attachments")
async def case_attachments(request: Request, case: ReadableCase, session: Session, viewer: CurrentUser) -> Response:
    return await show_attachments(request, session, case, viewer)


@router.post("/cases/{case_id}/attachments")
async def add_attachments(
    request: Request, case: EditableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """Keep what was chosen; when one file cannot be taken, none is."""
    try:
        await service.add_attachments(session, case, await read_files(request), viewer, now)
    except (Conflict, Invalid, TooLarge, WrongContent) as refusal:
        return await show_attachments(request, session, case, viewer, refusal.message)
    return leave(request, case, _("The files are attached."))


@router.get("/cases/{case_id}/attachments/{attachment_id}")
async def download_attachment(attachment: AttachmentWithContent) -> Response:
    return serve(attachment, "attachment")


@router.get("/cases/{case_id}/attachments/{attachment_id}/preview")
async def preview_attachment(attachment: AttachmentWithContent) -> Response:
    """A picture, shown on the page. Anything else is only downloaded."""
    if not attachment.is_picture:
        raise NotFound
    return serve(attachment, "inline")


@router.post("/cases/{case_id}/attachments/{attachment_id}/delete")
async def delete_attachment(
    request: Request,
    attachment: RemovableAttachment,
    case: EditableCase,
    session: Session,
    viewer: CurrentUser,
    now: Now,
) -> Response:
    await service.remove_attachment(session, case, attachment, viewer, now)
    return leave(request, case, _("The file is removed for good."))


async def read_files(request: Request) -> list[NewFile]:
    """The files of the form; a field in which nothing was chosen counts as none."""
    async with request.form(max_files=FILES_LIMIT) as form:
        sent = [part for part in form.getlist("file") if isinstance(part, UploadFile) and part.filename]
        return [await read_file(upload) for upload in sent]


def leave(request: Request, case: Case, message: str) -> Response:
    return flash(redirect(request, "case_attachments", case_id=case.id), message)


async def show_attachments(
    request: Request, session: AsyncSession, case: Case, viewer: Viewer, problem: str | None = None
) -> Response:
    context = {
        "case": case,
        "attachments": await list_attachments(session, case),
        "may_attach": may_edit(case, viewer),
        "problem": problem,
        "endings": ",".join(f".{ending}" for ending in KINDS),
        "most_megabytes": FILE_LIMIT // 1_000_000,
        "most_files": FILES_LIMIT,
    }
    return render(request, "cases/attachments.html", context, status_code=422 if problem else 200)
