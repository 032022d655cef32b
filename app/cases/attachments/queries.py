"""Every select on attachments. The case must have been loaded by somebody who may read it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from app.accounts.queries import join_name
from app.cases.models import Attachment, Case


def _attachments_of(case: Case) -> Select[Attachment]:
    return (
        select(Attachment)
        .where(Attachment.case_id == case.id)
        .order_by(Attachment.id)
        .options(join_name(Attachment.added_by))
        .execution_options(populate_existing=True)
    )


async def list_attachments(session: AsyncSession, case: Case) -> Sequence[Attachment]:
    """In the order they were added, without their contents."""
    return (await session.scalars(_attachments_of(case))).all()


async def count_attachments(session: AsyncSession, case: Case) -> int:
    return await session.scalar(select(func.count()).where(Attachment.case_id == case.id)) or 0


async def find_attachment(
    session: AsyncSession, case: Case, attachment_id: UUID, *, content: bool = False
) -> Attachment | None:
    """One of the case; with its content only when asked for."""
    query = _attachments_of(case).where(Attachment.id == attachment_id)
    if content:
        query = query.options(undefer(Attachment.content))
    return await session.scalar(query)
