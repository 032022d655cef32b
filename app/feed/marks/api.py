"""What a person follows and bookmarks, for programs; each needs a person, so a key acts as one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.accounts.deps import CurrentViewer, create_api_router
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.feed.marks import queries, service
from app.feed.marks.schemas import MarkInput, MarkList, MarkRead
from app.feed.models import Purpose

router = create_api_router("feed")


@router.get("/marks", operation_id="list_marks", summary="What you follow or have bookmarked, the newest first")
async def list_marks(
    session: Session,
    viewer: CurrentViewer,
    purpose: Annotated[Purpose, Query(description="Followed, or bookmarked.")] = Purpose.FOLLOW,
) -> MarkList:
    """What you may no longer see is left out."""
    found = await queries.list_marks(session, viewer, purpose, service.MARKS_LIMIT)
    return MarkList(items=[MarkRead.from_marked(marked) for marked in found])


@router.post(
    "/marks",
    status_code=201,
    operation_id="add_mark",
    summary="Follow a person, a team, an obstacle, a tag, a case or a practice, or bookmark one of the last two",
    responses=document_errors(409),
)
async def add_mark(body: MarkInput, session: Session, viewer: CurrentViewer, now: Now) -> MarkRead:
    """Done again, it answers with the mark there is."""
    subject = await service.get_subject(session, viewer, body.purpose, body.kind, body.key)
    return MarkRead.from_marked(await service.add_mark(session, viewer, body.purpose, subject, now))


@router.delete(
    "/marks/{mark_id}",
    status_code=204,
    operation_id="delete_mark",
    summary="No longer follow or keep it",
    responses=document_errors(404),
)
async def delete_mark(mark_id: UUID, session: Session, viewer: CurrentViewer) -> None:
    """One's own alone, so that it needs no `If-Match`."""
    await service.delete_mark(session, viewer, mark_id)
