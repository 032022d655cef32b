"""The page of an objection that it was tried before: in which case, and what is different now."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.deps import LockedCase, ReadableCase
from app.cases.models import Case, Objection, Plan
from app.cases.plans.deps import LinkableObjection, LockedPlan, ReadableObjection, ReadablePlan, may_link
from app.cases.plans.service import TRIED_BEFORE, link_earlier_case
from app.cases.workflow import OPEN_STATES
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Conflict, Invalid
from app.core.forms import explain_all, read_form
from app.core.i18n import gettext as _
from app.core.templating import redirect, render
from app.core.text import Text
from app.embeddings.slot import ModelSlot
from app.similar.deps import Slot
from app.similar.earlier import service
from app.similar.earlier.schemas import EarlierCaseForm
from app.similar.earlier.view import view_comparison, view_suggestion
from app.similar.view import name_mode

router = create_page_router()
EARLIER_CASE = "/cases/{case_id}/plans/{plan_id}/objections/{objection_id}/earlier-case"
TYPED: TypeAdapter[str] = TypeAdapter(Text)


async def _show(
    request: Request,
    session: AsyncSession,
    case: Case,
    plan: Plan,
    objection: Objection,
    viewer: Viewer,
    slot: ModelSlot,
    *,
    q: str = "",
    errors: Mapping[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    comparison = await service.find_comparison(session, viewer, case, plan, objection)
    asked = objection.kind.key == TRIED_BEFORE and case.state in OPEN_STATES
    links = asked and may_link(case, objection, viewer)
    found = service.NO_SUGGESTIONS
    if links and "q" not in (errors or {}):
        found = await service.suggest_cases(session, viewer, case, plan, objection, slot=slot, q=q)
    context: dict[str, Any] = {
        "case": case,
        "plan": plan,
        "objection": objection,
        "compared": view_comparison(case, comparison) if comparison else None,
        "may_link": links,
        "suggested": [view_suggestion(suggestion) for suggestion in found.items],
        "mode": name_mode(found.found, slot),
        "q": q,
        "errors": errors or {},
    }
    return render(request, "similar/earlier.html", context, status_code=status_code)


@router.get(EARLIER_CASE)
async def earlier_case(
    request: Request,
    case: ReadableCase,
    plan: ReadablePlan,
    objection: ReadableObjection,
    session: Session,
    viewer: CurrentUser,
    slot: Slot,
) -> Response:
    """Then and now; for those who may name the case, what it may have been, or what a search finds."""
    typed = request.query_params.get("q", "")
    try:
        q, errors = TYPED.validate_python(typed), {}
    except ValidationError as error:
        q, errors = typed, {"q": explain_all(error.errors())["form"]}
    status_code = 422 if errors else 200
    return await _show(
        request, session, case, plan, objection, viewer, slot, q=q, errors=errors, status_code=status_code
    )


@router.post(EARLIER_CASE)
async def name_earlier_case(
    request: Request,
    case: LockedCase,
    plan: LockedPlan,
    objection: LinkableObjection,
    session: Session,
    viewer: CurrentUser,
    slot: Slot,
    now: Now,
) -> Response:
    form = await read_form(request, EarlierCaseForm)
    if form.data is not None and form.data.case_id is None and not form.data.remove:
        form.fail("case_id", _("Choose one of the options."))
    errors, status_code = form.errors, 422
    if form.data is not None:
        try:
            await link_earlier_case(session, case, objection, form.data.case_id, viewer, now)
            return redirect(request, "earlier_case", case_id=case.id, plan_id=plan.id, objection_id=objection.id)
        except (Conflict, Invalid) as refusal:
            errors, status_code = refusal.fields or {"form": refusal.message}, refusal.status
    typed = form.values.get("q", "")
    q = typed if isinstance(typed, str) and "q" not in errors else ""
    return await _show(
        request, session, case, plan, objection, viewer, slot, q=q, errors=errors, status_code=status_code
    )
