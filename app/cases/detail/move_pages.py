"""Withdrawing and reopening a case."""

from fastapi import Request, Response

from app.accounts.deps import CurrentUser, create_page_router
from app.cases.deps import EditableCase
from app.cases.detail.pages import show_case
from app.cases.moves import service
from app.cases.moves.schemas import ReasonForm
from app.cases.service import CaseNotReady
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect

router = create_page_router()


@router.post("/cases/{case_id}/withdraw")
async def withdraw_case(
    request: Request, case: EditableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, ReasonForm)
    if form.data is None:
        return await show_case(request, session, case, viewer, now, form, "withdraw")
    await service.withdraw_case(session, case, form.data.reason, viewer, now)
    return flash(redirect(request, "case_detail", case_id=case.id), _("The case is withdrawn. You can reopen it."))


@router.post("/cases/{case_id}/reopen")
async def reopen_case(
    request: Request, case: EditableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, ReasonForm)
    if form.data is None:
        return await show_case(request, session, case, viewer, now, form, "reopen")
    try:
        await service.reopen_case(session, case, form.data.reason, viewer, now)
    except CaseNotReady as refusal:
        form.errors = refusal.fields
        return await show_case(request, session, case, viewer, now, form, "reopen")
    return flash(redirect(request, "case_detail", case_id=case.id), _("The case is open again."))
