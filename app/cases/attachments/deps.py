"""The way to an attachment leads through its case: who may read the one may read the other."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.attachments.queries import find_attachment
from app.cases.deps import EditableCase, ReadableCase
from app.cases.models import Attachment, Case
from app.core.db import Session
from app.core.errors import NotFound


async def get_attachment(
    session: AsyncSession, case: Case, attachment_id: UUID, *, content: bool = False
) -> Attachment:
    attachment = await find_attachment(session, case, attachment_id, content=content)
    if attachment is None:
        raise NotFound
    return attachment


async def get_readable_attachment(case: ReadableCase, attachment_id: UUID, session: Session) -> Attachment:
    return await get_attachment(session, case, attachment_id)


async def get_attachment_with_content(case: ReadableCase, attachment_id: UUID, session: Session) -> Attachment:
    return await get_attachment(session, case, attachment_id, content=True)


async def get_removable_attachment(case: EditableCase, attachment_id: UUID, session: Session) -> Attachment:
    return await get_attachment(session, case, attachment_id)


ReadableAttachment = Annotated[Attachment, Depends(get_readable_attachment)]
AttachmentWithContent = Annotated[Attachment, Depends(get_attachment_with_content)]
RemovableAttachment = Annotated[Attachment, Depends(get_removable_attachment)]
