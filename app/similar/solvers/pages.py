"""Asking whoever solved an earlier case: where it is asked, and who reads it, is said before."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.answers import return_to_case
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, render
from app.practices.queries import list_open_cases
from app.similar.deps import AskingCase, ShownMatch
from app.similar.shown import Shown
from app.similar.solvers import service
from app.similar.solvers.schemas import SolverQuestionForm

router = create_page_router()


@router.get("/matches/{match_id}/ask")
async def question_to_solver(
    request: Request, shown: ShownMatch, asking: AskingCase, session: Session, viewer: CurrentUser
) -> Response:
    return await _show(request, session, viewer, shown, asking)


@router.post("/matches/{match_id}/ask")
async def ask_solver_of_match(
    request: Request, shown: ShownMatch, asking: AskingCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """The solver finds it among what waits for her."""
    form = await read_form(request, SolverQuestionForm)
    if form.data is None:
        return await _show(request, session, viewer, shown, asking, form)
    case, _question_id = await service.ask_solver(session, viewer, shown, asking, form.data.text, now)
    return flash(return_to_case(request, case, "questions"), _("The question is asked. The answer appears here."))


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    shown: Shown,
    asking: UUID | None,
    form: Form[Any] | None = None,
) -> Response:
    place = await service.find_place(session, viewer, shown, asking)
    context = {
        "shown": shown,
        "place": place,
        "invites": place.may_invite(viewer),
        "open_cases": [] if place.case else await list_open_cases(session, viewer),
        "values": form.values if form else {},
        "errors": form.errors if form else {},
    }
    return render(request, "similar/ask.html", context, status_code=422 if form else 200)
