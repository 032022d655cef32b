"""The page of a case. The forms on it have modules of their own here; a refused one shows this page again."""

from datetime import datetime
from typing import Any

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.deps import ReadableCase, may_edit
from app.cases.detail.view import FailedForm, view_case
from app.cases.models import Case
from app.cases.workflow import State
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import Form
from app.core.templating import redirect, render

router = create_page_router()


@router.get("/cases/{case_id}")
async def case_detail(
    request: Request, case: ReadableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    if case.state is State.DRAFT and may_edit(case, viewer):
        return redirect(request, "edit_draft", case_id=case.id)
    return await show_case(request, session, case, viewer, now)


async def show_case(
    request: Request,
    session: AsyncSession,
    case: Case,
    viewer: Viewer,
    now: datetime,
    form: Form[Any] | None = None,
    at: str = "",
) -> Response:
    """The page; with a form that could not be taken as 422, the form's text and messages kept where they were."""
    failed = FailedForm() if form is None else FailedForm(at, form.values, form.errors)
    view = await view_case(session, case, viewer, now)
    context = {"view": view, "case": case, "plans": view.plans, "failed": failed}
    return render(request, "cases/detail.html", context, status_code=200 if form is None else 422)
