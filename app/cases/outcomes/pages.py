"""The page on which a seller tells how it went, in under ninety seconds."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.cases.codes import list_codes
from app.cases.deps import EditableCase
from app.cases.models import Case, CodeKind, Plan
from app.cases.outcomes import service
from app.cases.outcomes.schemas import STILL_OPEN, Judgement, OutcomeForm, OutcomeInput
from app.cases.plans.forms import Values
from app.cases.plans.queries import list_plans
from app.cases.service import CaseNotReady
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Invalid
from app.core.forms import read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_page_router()
OUTCOME = "/cases/{case_id}/outcome"
VERDICTS = {"right": True, "wrong": False}


def _field_of(objection_id: UUID) -> str:
    return f"judged-{objection_id}"


async def _show_outcome(
    request: Request,
    session: AsyncSession,
    case: Case,
    values: Values,
    *,
    errors: Mapping[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    plans = await list_plans(session, case)
    context = {
        "case": case,
        "outcomes": await list_codes(session, CodeKind.OUTCOME),
        "still_open": STILL_OPEN,
        "plans": plans,
        "objections": [
            (_field_of(objection.id), plan.letter, objection) for plan in plans for objection in plan.objections
        ],
        "values": values,
        "errors": errors or {},
    }
    return render(request, "cases/outcome_form.html", context, status_code=status_code)


@router.get(OUTCOME)
async def report_outcome(request: Request, case: EditableCase, session: Session) -> Response:
    """The form, with what was told before and the plan that is being tried."""
    service.refuse_untried(case)
    plans = await list_plans(session, case)
    values: Values = {
        "plan": next((plan.letter for plan in plans if plan.id == case.chosen_plan_id), ""),
        "worked": case.outcome_worked,
        "not_worked": case.outcome_not_worked,
        "current_state": case.outcome_current_state,
    }
    return await _show_outcome(request, session, case, values)


@router.post(OUTCOME)
async def save_outcome(
    request: Request, case: EditableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, OutcomeForm)
    if form.data is None:
        return await _show_outcome(request, session, case, form.values, errors=form.errors, status_code=422)
    plans = await list_plans(session, case)
    report = OutcomeInput(**form.data.model_dump(), objections=_read_judgements(plans, form.values))
    try:
        await service.report_outcome(session, case, report, viewer, now)
    except (CaseNotReady, Invalid) as refusal:
        return await _show_outcome(request, session, case, form.values, errors=refusal.fields, status_code=422)
    if report.outcome == STILL_OPEN:
        return flash(redirect(request, "case_detail", case_id=case.id), _("Noted. You are asked again on that day."))
    return flash(
        redirect(request, "case_detail", case_id=case.id),
        _("Thank you: the next one who gets stuck here learns from it."),
    )


def _read_judgements(plans: Sequence[Plan], values: Values) -> list[Judgement]:
    """The ticked verdicts; an objection without one stays unjudged."""
    return [
        Judgement(id=objection.id, was_right=VERDICTS[verdict])
        for plan in plans
        for objection in plan.objections
        if isinstance(verdict := values.get(_field_of(objection.id)), str) and verdict in VERDICTS
    ]
