"""The files of a case for programs."""

from typing import Annotated, Any

from fastapi import File, Request, Response, UploadFile

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.attachments import deps, queries, service
from app.cases.attachments.deps import AttachmentWithContent, ReadableAttachment, RemovableAttachment
from app.cases.attachments.schemas import AttachmentList, AttachmentRead, read_file
from app.cases.attachments.serving import serve
from app.cases.deps import EditableCase, ReadableCase
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.openapi import CREATED
from app.core.security import refuse_other_than_files

router = create_api_router("attachments", content=refuse_other_than_files)

CONTENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The content, as a download.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    "/cases/{case_id}/attachments",
    operation_id="list_attachments",
    summary="The files of a case",
    responses=document_errors(404),
)
async def list_attachments(request: Request, case: ReadableCase, session: Session) -> AttachmentList:
    """In the order they were added."""
    attachments = await queries.list_attachments(session, case)
    return AttachmentList(items=[AttachmentRead.from_attachment(request, attachment) for attachment in attachments])


@router.post(
    "/cases/{case_id}/attachments",
    operation_id="add_attachment",
    summary="Attach a file",
    status_code=201,
    responses=CREATED | document_errors(404, 409),
)
async def add_attachment(
    request: Request,
    case: EditableCase,
    file: Annotated[UploadFile, File(description="Its name tells its kind, and its content must be of that kind.")],
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> AttachmentRead:
    """Whoever may read the case may read the file. It goes when the case goes."""
    [attachment_id] = await service.add_attachments(session, case, [await read_file(file)], viewer, now)
    place = request.app.url_path_for("get_attachment", case_id=str(case.id), attachment_id=str(attachment_id))
    response.headers["Location"] = str(place)
    return AttachmentRead.from_attachment(request, await deps.get_attachment(session, case, attachment_id))


@router.get(
    "/cases/{case_id}/attachments/{attachment_id}",
    operation_id="get_attachment",
    summary="One file of a case",
    responses=document_errors(404),
)
async def get_attachment(request: Request, attachment: ReadableAttachment) -> AttachmentRead:
    """What is known of it; its content stands at `content_url`."""
    return AttachmentRead.from_attachment(request, attachment)


@router.get(
    "/cases/{case_id}/attachments/{attachment_id}/content",
    operation_id="get_attachment_content",
    summary="The content of a file",
    response_class=Response,
    responses=CONTENT | document_errors(404),
)
async def get_attachment_content(attachment: AttachmentWithContent) -> Response:
    """As it was sent, with the media type of its kind."""
    return serve(attachment, "attachment")


@router.delete(
    "/cases/{case_id}/attachments/{attachment_id}",
    operation_id="remove_attachment",
    summary="Remove a file for good",
    status_code=204,
    responses=document_errors(404),
)
async def remove_attachment(
    attachment: RemovableAttachment, case: EditableCase, session: Session, viewer: CurrentViewer, now: Now
) -> None:
    """A file is never changed, so it has no version to name."""
    await service.remove_attachment(session, case, attachment, viewer, now)
