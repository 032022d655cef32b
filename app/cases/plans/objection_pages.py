"""Pages of objections: log one on a plan, and answer it."""

from collections.abc import Mapping

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.cases.answers import return_to_case
from app.cases.codes import list_codes
from app.cases.deps import LockedCase, ReadableCase
from app.cases.models import Case, CodeKind, Objection, Plan
from app.cases.plans import service
from app.cases.plans.deps import LockedObjection, LockedPlan, ReadableObjection, ReadablePlan
from app.cases.plans.forms import Values
from app.cases.plans.schemas import AnswerInput, ObjectionInput
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Conflict, Invalid
from app.core.forms import read_form
from app.core.templating import render

router = create_page_router()
OBJECTIONS = "/cases/{case_id}/plans/{plan_id}/objections"


async def _show_objection(
    request: Request,
    session: AsyncSession,
    case: Case,
    plan: Plan,
    values: Values,
    *,
    errors: Mapping[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    kinds = await list_codes(session, CodeKind.OBJECTION)
    context = {"case": case, "plan": plan, "kinds": kinds, "values": values, "errors": errors or {}}
    return render(request, "cases/plan_objection.html", context, status_code=status_code)


@router.get(f"{OBJECTIONS}/new")
async def new_objection(request: Request, case: ReadableCase, plan: ReadablePlan, session: Session) -> Response:
    service.refuse_closed(case)
    return await _show_objection(request, session, case, plan, {})


@router.post(f"{OBJECTIONS}/new")
async def raise_objection(
    request: Request, case: LockedCase, plan: LockedPlan, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, ObjectionInput)
    if form.data is None:
        return await _show_objection(request, session, case, plan, form.values, errors=form.errors, status_code=422)
    try:
        await service.raise_objection(session, case, plan, form.data, viewer, now)
    except Invalid as refusal:
        return await _show_objection(
            request, session, case, plan, form.values, errors=refusal.fields, status_code=refusal.status
        )
    return return_to_case(request, case, f"objections-{plan.letter}")


def _show_answer(
    request: Request,
    case: Case,
    plan: Plan,
    objection: Objection,
    values: Values,
    *,
    errors: Mapping[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    context = {"case": case, "plan": plan, "objection": objection, "values": values, "errors": errors or {}}
    return render(request, "cases/plan_answer.html", context, status_code=status_code)


@router.get(f"{OBJECTIONS}/{{objection_id}}/answer")
async def answer_objection(
    request: Request, case: ReadableCase, plan: ReadablePlan, objection: ReadableObjection
) -> Response:
    service.refuse_closed(case)
    return _show_answer(request, case, plan, objection, {"answer": objection.answer})


@router.post(f"{OBJECTIONS}/{{objection_id}}/answer")
async def save_answer_to_objection(
    request: Request,
    case: LockedCase,
    plan: LockedPlan,
    objection: LockedObjection,
    session: Session,
    viewer: CurrentUser,
    now: Now,
) -> Response:
    form = await read_form(request, AnswerInput)
    if form.data is None:
        return _show_answer(request, case, plan, objection, form.values, errors=form.errors, status_code=422)
    try:
        await service.answer_objection(session, case, objection, form.data.answer, viewer, now)
    except Conflict as refusal:
        errors = {"form": refusal.message}
        return _show_answer(request, case, plan, objection, form.values, errors=errors, status_code=refusal.status)
    return return_to_case(request, case, f"objections-{plan.letter}")
