"""Pages of what a case or a practice said before, with a way back to it."""

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.deps import LockedCase, ReadableCase
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import read_form
from app.core.i18n import gettext as _
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam
from app.core.templating import flash, link_next, redirect, render
from app.practices.deps import EditablePractice
from app.practices.queries import PracticeRow
from app.practices.service import NamesFound, may_edit
from app.revisions import queries, service
from app.revisions.deps import CaseRevision, KnownPractice, PracticeRevision
from app.revisions.queries import ON_CASE, ON_PRACTICE
from app.revisions.schemas import RestoreForm
from app.revisions.view import may_change_on, show

router = create_page_router()


@router.get("/cases/{case_id}/revisions")
async def case_revisions(
    request: Request, case: ReadableCase, session: Session, viewer: CurrentUser, cursor: CursorParam = None
) -> Response:
    page = await queries.list_revisions(session, case.id, ON_CASE, Cursor.decode(cursor), PAGE_SIZE)
    context = {
        "of": case.title or _("Draft without a title"),
        "language": case.language,
        "back": ("case_detail", {"case_id": case.id}),
        "shown": [show(row, may_change_on(case, viewer)) for row in page.items],
        "restore": ("restore_case_revision", {"case_id": case.id}),
        "next_url": link_next(request, page.next_cursor),
        "unconfirmed": None,
    }
    return render(request, "revisions/list.html", context)


@router.post("/cases/{case_id}/revisions/{revision_id}/restore")
async def restore_case_revision(
    request: Request, case: LockedCase, revision: CaseRevision, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    await service.restore_on_case(session, case, revision, viewer, now)
    return flash(redirect(request, "case_revisions", case_id=case.id), _("The earlier text is back."))


@router.get("/practices/{practice_id}/revisions")
async def practice_revisions(
    request: Request, row: KnownPractice, session: Session, viewer: CurrentUser, cursor: CursorParam = None
) -> Response:
    return await _show_practice(request, session, row, viewer, cursor=cursor)


@router.post("/practices/{practice_id}/revisions/{revision_id}/restore")
async def restore_practice_revision(
    request: Request,
    row: EditablePractice,
    revision: PracticeRevision,
    session: Session,
    viewer: CurrentUser,
    now: Now,
) -> Response:
    """Names that stand in the earlier text are shown first, and want a confirmation."""
    form = await read_form(request, RestoreForm)
    confirmed = form.data is not None and form.data.confirm_names
    try:
        await service.restore_practice(session, row.practice, revision, confirmed=confirmed, viewer=viewer, now=now)
    except NamesFound as found:
        return await _show_practice(request, session, row, viewer, unconfirmed=(revision.id, found.message))
    return flash(redirect(request, "practice_revisions", practice_id=row.practice.id), _("The earlier text is back."))


async def _show_practice(
    request: Request,
    session: AsyncSession,
    row: PracticeRow,
    viewer: Viewer,
    *,
    cursor: str | None = None,
    unconfirmed: tuple[object, str] | None = None,
) -> Response:
    practice = row.practice
    page = await queries.list_revisions(session, practice.case_id, ON_PRACTICE, Cursor.decode(cursor), PAGE_SIZE)
    may_change = may_edit(practice, viewer)
    context = {
        "of": practice.title,
        "language": practice.language,
        "back": ("practice_detail", {"practice_id": practice.id}),
        "shown": [show(found, lambda _row: may_change) for found in page.items],
        "restore": ("restore_practice_revision", {"practice_id": practice.id}),
        "next_url": link_next(request, page.next_cursor),
        "unconfirmed": unconfirmed,
    }
    return render(request, "revisions/list.html", context, status_code=422 if unconfirmed else 200)
