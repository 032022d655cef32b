"""Pages of plans: the form, the choice and the steps."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.queries import list_active_users
from app.accounts.viewer import Viewer
from app.cases.answers import return_to_case
from app.cases.deps import ChoosableCase, LockedCase, ReadableCase, may_choose
from app.cases.models import Case, Effort, Plan
from app.cases.plans import queries, service
from app.cases.plans.deps import EditablePlan, LockedPlan, OwnPlan, ReadablePlan, TickableStep
from app.cases.plans.forms import MORE_ROWS, Values, check_rows, list_differences, list_rows, start_values
from app.cases.plans.schemas import LETTERS, ChoiceInput, PlanForm
from app.cases.plans.view import view_steps
from app.cases.queries import read_facts
from app.cases.service import CaseNotReady
from app.cases.workflow import Move, State, find_missing
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Conflict, Forbidden, Invalid, Stale
from app.core.forms import read_form
from app.core.i18n import gettext as _
from app.core.templating import render, wants_block

router = create_page_router()
PLANS = "/cases/{case_id}/plans"
PLAN = "/cases/{case_id}/plans/{plan_id}"

Prefill = Annotated[str, Query(max_length=8000)]


async def _show_form(
    request: Request,
    session: AsyncSession,
    case: Case,
    plan: Plan | None,
    values: Values,
    *,
    errors: Mapping[str, str] | None = None,
    theirs: Mapping[str, str] | None = None,
    more: int = 0,
    status_code: int = 200,
) -> Response:
    letters = await queries.list_letters(session, case)
    facts = await read_facts(session, case)
    context: dict[str, Any] = {
        "case": case,
        "plan": plan,
        "letter": plan.letter if plan else LETTERS[len(letters)],
        "values": values,
        "rows": list_rows(values, more),
        "errors": errors or {},
        "theirs": theirs or {},
        "people": [(user.id, user.name) for user in await list_active_users(session)],
        "efforts": list(Effort),
        "needs_reason": case.state is State.INVESTIGATING and bool(find_missing(Move.CREATE, facts)),
        "answered": facts.answered_questions,
    }
    return render(request, "cases/plan_form.html", context, status_code=status_code)


@router.get(f"{PLANS}/new")
async def new_plan(
    request: Request,
    case: ReadableCase,
    session: Session,
    viewer: CurrentUser,
    move: Prefill = "",
    positioning: Prefill = "",
    practice: UUID | None = None,
    basis: UUID | None = None,
) -> Response:
    """The empty form, or one that starts from a practice or an earlier case."""
    service.refuse_closed(case)
    service.refuse_seventh(await queries.list_letters(session, case))
    prefill = {"move": move, "positioning": positioning}
    if practice:
        prefill["basis_practice_id"] = str(practice)
    if basis and (earlier := await queries.find_basis(session, basis, viewer)):
        prefill["basis_case_id"] = str(basis)
        used = await queries.find_used_plan(session, earlier)
        if used and not move:
            prefill |= {"move": used.move, "positioning": used.positioning}
    return await _show_form(request, session, case, None, start_values(None, prefill))


@router.post(f"{PLANS}/new")
async def add_plan(request: Request, case: LockedCase, session: Session, viewer: CurrentUser, now: Now) -> Response:
    form = await read_form(request, PlanForm)
    if "more" in form.values:
        return await _show_form(request, session, case, None, form.values, more=MORE_ROWS)
    check_rows(form)
    if form.data is None:
        return await _show_form(request, session, case, None, form.values, errors=form.errors, status_code=422)
    try:
        plan = await service.add_plan(session, case, form.data.to_create(), viewer, now)
    except (CaseNotReady, Invalid) as refusal:
        return await _show_form(request, session, case, None, form.values, errors=refusal.fields, status_code=422)
    return return_to_case(request, case, f"plan-{plan.letter}")


@router.get(f"{PLAN}/edit")
async def edit_plan(request: Request, case: ReadableCase, plan: OwnPlan, session: Session) -> Response:
    service.refuse_closed(case)
    return await _show_form(request, session, case, plan, start_values(plan, {}), more=1)


@router.post(f"{PLAN}/edit")
async def change_plan(
    request: Request, case: LockedCase, plan: EditablePlan, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """Save the form. When somebody saved meanwhile it comes back with both texts."""
    form = await read_form(request, PlanForm)
    if "more" in form.values:
        return await _show_form(request, session, case, plan, form.values, more=MORE_ROWS)
    check_rows(form)
    if form.data is None:
        return await _show_form(request, session, case, plan, form.values, errors=form.errors, status_code=422)
    try:
        await service.change_plan(session, case, plan, form.data.to_patch(), form.data.version, viewer, now)
    except Stale as stale:
        theirs = list_differences(plan, form.values)
        values = form.values | {"version": str(plan.version)}
        return await _show_form(request, session, case, plan, values, theirs=theirs, status_code=stale.status)
    except Invalid as refusal:
        return await _show_form(request, session, case, plan, form.values, errors=refusal.fields, status_code=422)
    return return_to_case(request, case, f"plan-{plan.letter}")


async def _show_choice(
    request: Request,
    session: AsyncSession,
    case: Case,
    plan: Plan,
    values: Values,
    *,
    errors: Mapping[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    facts = await read_facts(session, case, reason="given")
    plans = await queries.list_plans(session, case)
    context = {
        "case": case,
        "plan": plan,
        "tried": next((p for p in plans if p.id == case.chosen_plan_id and case.state is State.TRYING), None),
        "first_plan": plans[0],
        "missing": {need.field: _(need.message) for need in find_missing(Move.CHOOSE, facts)},
        "values": values,
        "errors": errors or {},
    }
    return render(request, "cases/choose.html", context, status_code=status_code)


@router.get(f"{PLAN}/choose")
async def choose_plan(
    request: Request, case: ReadableCase, plan: ReadablePlan, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """Ask for the reason, and when to ask how it went."""
    if not await may_choose(session, case, viewer):
        raise Forbidden(_("Only the owner, the decision maker or the team's manager may choose a plan."))
    proposed = service.propose_follow_up(plan, viewer.local_day(now))
    return await _show_choice(request, session, case, plan, {"follow_up_on": proposed.isoformat()})


@router.post(f"{PLAN}/choose")
async def save_choice(
    request: Request, case: ChoosableCase, plan: LockedPlan, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, ChoiceInput)
    if form.data is None:
        return await _show_choice(request, session, case, plan, form.values, errors=form.errors, status_code=422)
    try:
        await service.choose_plan(session, case, plan, form.data, viewer, now)
    except (Conflict, Invalid) as refusal:
        errors = refusal.fields or {"form": refusal.message}
        return await _show_choice(request, session, case, plan, form.values, errors=errors, status_code=refusal.status)
    return return_to_case(request, case, "plans")


async def _tick(
    request: Request,
    session: AsyncSession,
    case: Case,
    plan: Plan,
    step: TickableStep,
    viewer: Viewer,
    now: Now,
    *,
    done: bool,
) -> Response:
    """The ticked row for htmx, the case for everybody else."""
    await service.tick_step(session, case, plan, step, viewer, now, done=done)
    if not wants_block(request):
        return return_to_case(request, case, f"step-{step.id}")
    [row] = view_steps(case, [step], viewer, viewer.local_day(now), tried=True)
    return render(request, "cases/plan_step.html", {"case": case, "plan": plan, "row": row})


@router.post(f"{PLAN}/steps/{{step_id}}/done")
async def mark_step_done(
    request: Request,
    case: LockedCase,
    plan: LockedPlan,
    step: TickableStep,
    session: Session,
    viewer: CurrentUser,
    now: Now,
) -> Response:
    return await _tick(request, session, case, plan, step, viewer, now, done=True)


@router.post(f"{PLAN}/steps/{{step_id}}/undone")
async def mark_step_undone(
    request: Request,
    case: LockedCase,
    plan: LockedPlan,
    step: TickableStep,
    session: Session,
    viewer: CurrentUser,
    now: Now,
) -> Response:
    return await _tick(request, session, case, plan, step, viewer, now, done=False)
