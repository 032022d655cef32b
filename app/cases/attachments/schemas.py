"""What comes in and goes out about attachments."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile

from app.cases.attachments.kinds import KINDS
from app.cases.models import Attachment
from app.cases.schemas import Named, name_of
from app.core.errors import Invalid
from app.core.forms import explain
from app.core.templating import path_for
from app.core.text import one_line

NAME_LIMIT = 200
FILE_LIMIT = 10_000_000
UPLOAD_LIMIT = 25_000_000
"""Of all files that are sent in one request."""
FILES_LIMIT = 20
"""On one case."""

_file_name = TypeAdapter(Annotated[str, *one_line(NAME_LIMIT, least=1)])


@dataclass(frozen=True)
class NewFile:
    """A file as it was sent: its name without any folder, and its content."""

    name: str
    content: bytes


async def read_file(upload: UploadFile) -> NewFile:
    """Raises Invalid when the file has no usable name."""
    given = (upload.filename or "").replace("\\", "/").rpartition("/")[2]
    try:
        name = _file_name.validate_python(given)
    except ValidationError as error:
        raise Invalid.at("file", explain(error.errors()[0])) from error
    return NewFile(name, await upload.read())


class AttachmentRead(BaseModel):
    """A file on a case."""

    id: UUID
    name: str = Field(examples=["offer.pdf"])
    media_type: str = Field(examples=[KINDS["pdf"].media_type])
    size: int = Field(examples=[184320], description="In bytes.")
    added_by: Named | None
    added_at: datetime
    content_url: str = Field(description="Where its content is read.")

    @classmethod
    def from_attachment(cls, request: Request, attachment: Attachment) -> Self:
        place = {"case_id": attachment.case_id, "attachment_id": attachment.id}
        return cls(
            id=attachment.id,
            name=attachment.name,
            media_type=attachment.media_type,
            size=attachment.size,
            added_by=name_of(attachment.added_by),
            added_at=attachment.added_at,
            content_url=path_for(request.app, "get_attachment_content", **place),
        )


class AttachmentList(BaseModel):
    items: list[AttachmentRead]
    next_cursor: str | None = None
