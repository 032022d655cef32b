"""Comments for programs; writing one needs a person, so a key acts as one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.deps import ReadableCase
from app.comments import queries, service
from app.comments.deps import OwnComment
from app.comments.queries import Subject
from app.comments.schemas import CommentInput, CommentList, CommentQuery, CommentRead
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.pagination import Cursor
from app.practices.deps import ReadablePractice

router = create_api_router("comments")


@router.get(
    "/cases/{case_id}/comments",
    operation_id="list_case_comments",
    summary="Comments on a case",
    responses=document_errors(404),
)
async def list_on_case(case: ReadableCase, query: Annotated[CommentQuery, Query()], session: Session) -> CommentList:
    """Newest first."""
    return await _list(session, case, query)


@router.post(
    "/cases/{case_id}/comments",
    operation_id="comment_on_case",
    summary="Comment on a case",
    status_code=201,
    responses=document_errors(404, 409),
)
async def write_on_case(
    case: ReadableCase, body: CommentInput, session: Session, viewer: CurrentViewer, now: Now
) -> CommentRead:
    """Anyone who can read the case may. `@` and a name mentions a person who can read it, or a team."""
    written = await service.write_comment(session, case, body.text, viewer.person_id, now)
    return await _read(session, written.id)


@router.get(
    "/practices/{practice_id}/comments",
    operation_id="list_practice_comments",
    summary="Comments on a practice",
    responses=document_errors(404),
)
async def list_on_practice(
    row: ReadablePractice, query: Annotated[CommentQuery, Query()], session: Session
) -> CommentList:
    """Newest first."""
    return await _list(session, row.practice, query)


@router.post(
    "/practices/{practice_id}/comments",
    operation_id="comment_on_practice",
    summary="Comment on a practice",
    status_code=201,
    responses=document_errors(404, 409),
)
async def write_on_practice(
    row: ReadablePractice, body: CommentInput, session: Session, viewer: CurrentViewer, now: Now
) -> CommentRead:
    """Anyone who can read the practice may. `@` and a name mentions a person who can read it, or a team."""
    written = await service.write_comment(session, row.practice, body.text, viewer.person_id, now)
    return await _read(session, written.id)


@router.patch(
    "/comments/{comment_id}",
    operation_id="change_comment",
    summary="Change a comment of your own",
    responses=document_errors(404, 409),
)
async def change_comment(placed: OwnComment, body: CommentInput, session: Session, now: Now) -> CommentRead:
    """One's own alone, so that it needs no `If-Match`."""
    await service.change_comment(session, placed.subject, placed.comment, body.text, now)
    return await _read(session, placed.comment.id)


@router.delete(
    "/comments/{comment_id}",
    operation_id="delete_comment",
    summary="Delete a comment of your own",
    status_code=204,
    responses=document_errors(404),
)
async def delete_comment(placed: OwnComment, session: Session) -> None:
    """For good. One's own alone, so that it needs no `If-Match`."""
    await service.delete_comment(session, placed.comment)


async def _list(session: AsyncSession, subject: Subject, query: CommentQuery) -> CommentList:
    page = await queries.list_comments(session, subject, cursor=Cursor.decode(query.cursor), limit=query.limit)
    return CommentList(
        items=[CommentRead.from_comment(comment) for comment in page.items], next_cursor=page.next_cursor
    )


async def _read(session: AsyncSession, comment_id: UUID) -> CommentRead:
    comment = await queries.find_comment(session, comment_id)
    assert comment is not None
    return CommentRead.from_comment(comment)
