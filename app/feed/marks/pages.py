"""Following and bookmarking: the buttons at a case and at a practice, and the page of all that is marked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.deps import ReadableCase
from app.cases.models import Case
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Conflict, Invalid
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, path_for, redirect, render, wants_block
from app.feed.marks import queries, service
from app.feed.marks.queries import Subject
from app.feed.marks.schemas import MarkForm
from app.feed.models import Purpose, SubjectKind
from app.practices.deps import ReadablePractice
from app.practices.models import Practice
from app.practices.queries import list_code_names

router = create_page_router()

PART = "panel"
"""The block that htmx fetches."""


async def _change(session: AsyncSession, viewer: Viewer, form: Form[MarkForm], now: datetime) -> None:
    """Mark or unmark what the form names. What cannot be done stands in its errors afterwards."""
    wish = form.data
    if wish is None:
        return
    try:
        subject = await service.get_subject(session, viewer, wish.purpose, wish.kind, wish.key)
        if wish.wanted:
            await service.add_mark(session, viewer, wish.purpose, subject, now)
        else:
            await service.take_mark(session, viewer, wish.purpose, subject)
    except (Conflict, Invalid) as refusal:
        form.refuse(refusal)


async def _show_panel(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    main: Subject,
    around: Sequence[Subject],
    form: Form[MarkForm] | None = None,
) -> Response:
    """The buttons of one case or practice, and of what can be followed around it."""
    what = main.kind.value
    parameters = {f"{what}_id": main.key}
    context = {
        "main": main,
        "around": around,
        "marked": await queries.list_marked_keys(session, viewer.own_id, [main, *around]),
        "action": path_for(request.app, f"{what}_marks", **parameters),
        "back": path_for(request.app, f"{what}_detail", **parameters),
        "errors": form.errors if form else {},
        "changed": form is not None,
    }
    status = 422 if form and form.errors else 200
    return render(
        request, "marks/panel.html", context, status_code=status, block=PART if wants_block(request) else None
    )


def _describe_case(case: Case) -> tuple[Subject, list[Subject]]:
    main = Subject(SubjectKind.CASE, str(case.id), case.title, case.id)
    return main, service.list_subjects(case.owner, case.team, case.obstacles, case.tags)


def _describe_practice(practice: Practice, *, readable: bool) -> tuple[Subject, list[Subject]]:
    main = Subject(SubjectKind.PRACTICE, str(practice.id), practice.title, practice.id)
    tags = practice.case.tags if readable else ()
    return main, service.list_subjects(practice.solver, practice.team, practice.case.obstacles, tags)


@router.get("/cases/{case_id}/marks")
async def case_marks(request: Request, case: ReadableCase, session: Session, viewer: CurrentUser) -> Response:
    return await _show_panel(request, session, viewer, *_describe_case(case))


@router.post("/cases/{case_id}/marks")
async def mark_from_case(
    request: Request, case: ReadableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, MarkForm)
    await _change(session, viewer, form, now)
    if not form.errors and not wants_block(request):
        return redirect(request, "case_detail", case_id=case.id)
    return await _show_panel(request, session, viewer, *_describe_case(case), form)


@router.get("/practices/{practice_id}/marks")
async def practice_marks(request: Request, row: ReadablePractice, session: Session, viewer: CurrentUser) -> Response:
    return await _show_panel(request, session, viewer, *_describe_practice(row.practice, readable=row.readable))


@router.post("/practices/{practice_id}/marks")
async def mark_from_practice(
    request: Request, row: ReadablePractice, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, MarkForm)
    await _change(session, viewer, form, now)
    if not form.errors and not wants_block(request):
        return redirect(request, "practice_detail", practice_id=row.practice.id)
    described = _describe_practice(row.practice, readable=row.readable)
    return await _show_panel(request, session, viewer, *described, form)


@router.get("/marks")
async def list_marks(request: Request, session: Session, viewer: CurrentUser) -> Response:
    """All that the reader follows and has bookmarked, and what else can be followed."""
    return await _show_list(request, session, viewer, Form({}))


async def _show_list(request: Request, session: AsyncSession, viewer: Viewer, form: Form[Any]) -> Response:
    codes = (await list_code_names(session)).values()
    people, teams = await accounts.list_active_users(session), await accounts.list_teams(session)
    context = {
        "followed": await queries.list_marks(session, viewer, Purpose.FOLLOW, service.MARKS_LIMIT),
        "bookmarks": await queries.list_marks(session, viewer, Purpose.BOOKMARK, service.MARKS_LIMIT),
        "offered": {
            "obstacle": [(code.key, code.name) for code in codes if code.kind.value == "obstacle"],
            "team": [(team.id, team.name) for team in teams],
            "person": [(person.id, person.name) for person in people if person.id != viewer.own_id],
        },
        "form": form,
    }
    return render(request, "marks/list.html", context, status_code=422 if form.errors else 200)


@router.post("/marks")
async def change_marks(request: Request, session: Session, viewer: CurrentUser, now: Now) -> Response:
    form = await read_form(request, MarkForm)
    await _change(session, viewer, form, now)
    if form.data is None:
        return await _show_list(request, session, viewer, form)
    said = _("You follow it now.") if form.data.wanted else _("Taken away.")
    return flash(redirect(request, "list_marks"), said)
