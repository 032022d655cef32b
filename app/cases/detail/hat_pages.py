"""Hats on the page of a case, and the page on which somebody answers who may not read the case yet."""

from uuid import UUID

from fastapi import Request, Response

from app.accounts.deps import CurrentUser, create_page_router
from app.cases.answers import return_to_case
from app.cases.deps import LockedCase, ManagedCase
from app.cases.detail.pages import show_case
from app.cases.hats import queries, service
from app.cases.hats.deps import AskedHat
from app.cases.hats.schemas import HandOverForm, HatForm
from app.cases.models import HAT_NAMES
from app.cases.queries import find_case, visible_to
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Invalid, NotFound
from app.core.forms import read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_page_router()


@router.post("/cases/{case_id}/hats")
async def ask_for_hat(request: Request, case: LockedCase, session: Session, viewer: CurrentUser, now: Now) -> Response:
    form = await read_form(request, HatForm)
    if form.data is None:
        return await show_case(request, session, case, viewer, now, form, "hat")
    try:
        await service.ask_for_hat(session, case, form.data.kind, form.data.user_id, viewer, now)
    except Invalid as error:
        form.errors = error.fields
        return await show_case(request, session, case, viewer, now, form, "hat")
    return return_to_case(request, case, "hats")


@router.get("/cases/{case_id}/hats/{hat_id}")
async def show_hat(request: Request, asked: AskedHat, session: Session, viewer: CurrentUser) -> Response:
    case, hat = asked
    readable = await find_case(session, case.id, visible_to(viewer)) is not None
    may_answer = service.may_answer(case, hat, viewer)
    context = {
        "case": case,
        "hat": hat,
        "hat_name": _(HAT_NAMES[hat.kind]),
        "readable": readable,
        "may_answer": may_answer,
    }
    return render(request, "cases/hat.html", context)


@router.post("/cases/{case_id}/hats/{hat_id}/accept")
async def accept_hat(request: Request, asked: AskedHat, session: Session, viewer: CurrentUser, now: Now) -> Response:
    case, hat = asked
    await service.answer_hat(session, case, hat, viewer, now, accept=True)
    return return_to_case(request, case, "hats")


@router.post("/cases/{case_id}/hats/{hat_id}/decline")
async def decline_hat(request: Request, asked: AskedHat, session: Session, viewer: CurrentUser, now: Now) -> Response:
    case, hat = asked
    await service.answer_hat(session, case, hat, viewer, now, accept=False)
    if await find_case(session, case.id, visible_to(viewer)) is None:
        return flash(redirect(request, "list_cases"), _("You said no. The owner sees it."))
    return return_to_case(request, case, "hats")


@router.post("/cases/{case_id}/hats/{hat_id}/remove")
async def remove_hat(
    request: Request, hat_id: UUID, case: LockedCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    hat = await queries.find_hat(session, case, hat_id)
    if hat is None:
        raise NotFound
    await service.remove_hat(session, case, hat, viewer, now)
    if await find_case(session, case.id, visible_to(viewer)) is None:
        return redirect(request, "list_cases")
    return return_to_case(request, case, "hats")


@router.post("/cases/{case_id}/hand-over")
async def hand_over(request: Request, case: ManagedCase, session: Session, viewer: CurrentUser, now: Now) -> Response:
    form = await read_form(request, HandOverForm)
    if form.data is None:
        return await show_case(request, session, case, viewer, now, form, "hand-over")
    try:
        await service.hand_over(session, case, form.data.owner_id, viewer, now)
    except Invalid as error:
        form.errors = error.fields
        return await show_case(request, session, case, viewer, now, form, "hand-over")
    return flash(redirect(request, "case_detail", case_id=case.id), _("The case has a new owner."))
