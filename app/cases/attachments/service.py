"""Putting files on a case and taking them off. The case must be locked."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.attachments.kinds import KINDS, Kind, find_kind, is_what_it_says
from app.cases.attachments.queries import count_attachments
from app.cases.attachments.schemas import FILE_LIMIT, FILES_LIMIT, NewFile
from app.cases.models import Attachment, Case
from app.cases.service import announce_change
from app.core.db import new_id
from app.core.errors import Conflict, Invalid, TooLarge, WrongContent
from app.core.i18n import gettext as _


class TooManyAttachments(Conflict):
    code = "too_many_attachments"


async def add_attachments(
    session: AsyncSession, case: Case, files: Sequence[NewFile], viewer: Viewer, now: datetime
) -> list[UUID]:
    """Keep the files; their ids. All of them or none: raises when one of them cannot be taken."""
    if not files:
        raise Invalid.at("file", _("Choose a file."))
    if await count_attachments(session, case) + len(files) > FILES_LIMIT:
        raise TooManyAttachments(_("A case has at most {n} files.").format(n=FILES_LIMIT))
    kinds = [await check_kind(file) for file in files]
    added = [
        Attachment(
            organisation_id=case.organisation_id,
            id=new_id(),
            case_id=case.id,
            name=file.name,
            media_type=kind.media_type,
            size=len(file.content),
            content=file.content,
            added_by_id=viewer.user_id,
            added_at=now,
        )
        for file, kind in zip(files, kinds, strict=True)
    ]
    session.add_all(added)
    for attachment in added:
        await announce_change(session, case, viewer, now, "attachment.added", attachment.id)
    return [attachment.id for attachment in added]


async def check_kind(file: NewFile) -> Kind:
    """The kind of the file. Raises what is wrong with its size, its kind or its content."""
    kind = find_kind(file.name)
    if kind is None:
        kinds = ", ".join(KINDS)
        raise WrongContent(
            _("{name} is of a kind that is not taken. Attach one of: {kinds}.").format(name=file.name, kinds=kinds)
        )
    if not file.content:
        raise Invalid.at("file", _("{name} is empty.").format(name=file.name))
    if len(file.content) > FILE_LIMIT:
        most = FILE_LIMIT // 1_000_000
        raise TooLarge(_("{name} is too large: at most {n} MB.").format(name=file.name, n=most))
    if not await asyncio.to_thread(is_what_it_says, file.name, file.content):
        raise Invalid.at("file", _("{name} is not what its name says.").format(name=file.name))
    return kind


async def remove_attachment(
    session: AsyncSession, case: Case, attachment: Attachment, viewer: Viewer, now: datetime
) -> None:
    """Remove the file for good."""
    await session.delete(attachment)
    await announce_change(session, case, viewer, now, "attachment.removed", attachment.id)
