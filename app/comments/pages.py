"""The comments on a case or a practice: a page, and the part of it that the page of the case or practice fetches."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.deps import ReadableCase
from app.cases.models import Case
from app.comments import queries, service
from app.comments.deps import OwnComment
from app.comments.mentions import mark_mentions
from app.comments.models import Comment
from app.comments.queries import Subject
from app.comments.schemas import CommentForm, CommentQuery
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.pagination import Cursor
from app.core.templating import link_next, path_for, redirect, render, wants_block
from app.practices.deps import ReadablePractice

router = create_page_router()

THREAD = "thread"
"""The block that htmx fetches."""


@dataclass(frozen=True)
class _Change:
    """What the viewer is doing to the comments: a form that could not be taken, a comment that is open for change."""

    form: Form[CommentForm] | None = None
    editing: Comment | None = None
    done: str = ""


@router.get("/cases/{case_id}/comments")
async def list_case_comments(
    request: Request,
    case: ReadableCase,
    query: Annotated[CommentQuery, Query()],
    session: Session,
) -> Response:
    return await _show(request, session, case, query=query)


@router.post("/cases/{case_id}/comments")
async def comment_on_case(
    request: Request, case: ReadableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    return await _write(request, session, case, viewer, now)


@router.get("/practices/{practice_id}/comments")
async def list_practice_comments(
    request: Request,
    row: ReadablePractice,
    query: Annotated[CommentQuery, Query()],
    session: Session,
) -> Response:
    return await _show(request, session, row.practice, query=query)


@router.post("/practices/{practice_id}/comments")
async def comment_on_practice(
    request: Request, row: ReadablePractice, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    return await _write(request, session, row.practice, viewer, now)


@router.get("/comments/{comment_id}/edit")
async def edit_comment(request: Request, placed: OwnComment, session: Session) -> Response:
    return await _show(request, session, placed.subject, _Change(editing=placed.comment))


@router.post("/comments/{comment_id}/edit")
async def save_comment(request: Request, placed: OwnComment, session: Session, now: Now) -> Response:
    form = await read_form(request, CommentForm)
    if form.data is None:
        return await _show(request, session, placed.subject, _Change(form, placed.comment))
    await service.change_comment(session, placed.subject, placed.comment, form.data.text, now)
    return await _return(request, session, placed.subject, _("Saved."))


@router.post("/comments/{comment_id}/delete")
async def delete_comment(request: Request, placed: OwnComment, session: Session) -> Response:
    await service.delete_comment(session, placed.comment)
    return await _return(request, session, placed.subject, _("The comment is deleted."))


async def _write(request: Request, session: AsyncSession, subject: Subject, viewer: Viewer, now: Now) -> Response:
    form = await read_form(request, CommentForm)
    if form.data is None:
        return await _show(request, session, subject, _Change(form))
    await service.write_comment(session, subject, form.data.text, viewer.person_id, now)
    return await _return(request, session, subject, _("Your comment is there."))


async def _return(request: Request, session: AsyncSession, subject: Subject, done: str) -> Response:
    """The comments as they are now where htmx asks; else the page of them, which has no script."""
    if wants_block(request):
        return await _show(request, session, subject, _Change(done=done))
    if isinstance(subject, Case):
        return redirect(request, "list_case_comments", case_id=subject.id)
    return redirect(request, "list_practice_comments", practice_id=subject.id)


async def _show(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    change: _Change | None = None,
    query: CommentQuery | None = None,
) -> Response:
    change, query = change or _Change(), query or CommentQuery()
    page = await queries.list_comments(session, subject, cursor=Cursor.decode(query.cursor), limit=query.limit)
    if change.editing is not None and change.editing not in page.items:
        page.items.append(change.editing)
    writes = service.takes_comments(subject)
    context: dict[str, Any] = {
        **_name_places(request, subject),
        "comments": [(comment, _mark(comment)) for comment in reversed(page.items)],
        "older_url": link_next(request, page.next_cursor),
        "editing": change.editing,
        "mentionable": await queries.list_mentionable(session, subject) if writes else [],
        "writes": writes,
        "values": change.form.values if change.form else {},
        "errors": change.form.errors if change.form else {},
        "done": change.done,
    }
    return render(
        request,
        "comments/list.html",
        context,
        status_code=422 if change.form else 200,
        block=THREAD if wants_block(request) else None,
    )


def _mark(comment: Comment) -> str:
    return mark_mentions(comment.text, [mention.written for mention in comment.mentions])


def _name_places(request: Request, subject: Subject) -> dict[str, str]:
    """What is commented on, where it is read, and where comments on it go."""
    app = request.app
    if isinstance(subject, Case):
        read_url = path_for(app, "case_detail", case_id=subject.id)
        comments_url = path_for(app, "list_case_comments", case_id=subject.id)
    else:
        read_url = path_for(app, "practice_detail", practice_id=subject.id)
        comments_url = path_for(app, "list_practice_comments", practice_id=subject.id)
    return {"on": subject.title, "read_url": read_url, "comments_url": comments_url}
