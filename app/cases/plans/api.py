"""The JSON API of plans: the same rules through the same services as the pages."""

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer, create_api_router
from app.accounts.viewer import Viewer
from app.cases.deps import ChoosableCase, LockedCase, ReadableCase
from app.cases.models import Case, Plan
from app.cases.plans import queries, service
from app.cases.plans.deps import EditablePlan, LockedObjection, LockedPlan, ReadablePlan, TickableStep
from app.cases.plans.schemas import (
    AnswerInput,
    ChoiceInput,
    ChoiceRead,
    ObjectionInput,
    ObjectionRead,
    PlanCreate,
    PlanList,
    PlanPatch,
    PlanRead,
    StepRead,
)
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.openapi import CREATED
from app.core.templating import path_for
from app.core.versions import IfMatch, format_etag

router = create_api_router("plans")
PLANS = "/cases/{case_id}/plans"
PLAN = "/cases/{case_id}/plans/{plan_id}"


async def _read_plans(session: AsyncSession, case: Case, plans: list[Plan], viewer: Viewer) -> list[PlanRead]:
    visible = await queries.list_visible_titles(session, queries.list_named_cases(plans), viewer)
    return [PlanRead.from_plan(plan, chosen=service.is_chosen(case, plan), visible=visible) for plan in plans]


async def _answer_plan(session: AsyncSession, case: Case, plan: Plan, viewer: Viewer, response: Response) -> PlanRead:
    """The plan as it now stands, with its ETag."""
    fresh = await queries.find_plan(session, case, plan.id)
    assert fresh is not None
    response.headers["ETag"] = format_etag(fresh.version)
    return (await _read_plans(session, case, [fresh], viewer))[0]


@router.get(PLANS, operation_id="list_plans", summary="The plans of a case", responses=document_errors(404))
async def list_plans(case: ReadableCase, session: Session, viewer: CurrentViewer) -> PlanList:
    """Plans A to F in the order of their letters, with steps and objections."""
    plans = list(await queries.list_plans(session, case))
    return PlanList(items=await _read_plans(session, case, plans, viewer))


@router.post(
    PLANS,
    operation_id="add_plan",
    summary="Propose a plan",
    status_code=201,
    responses=CREATED | document_errors(404, 409),
)
async def add_plan(
    request: Request,
    case: LockedCase,
    body: PlanCreate,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> PlanRead:
    """Anyone who can read the case may. The first plan moves it to `creating`: after two answered questions, or
    with a reason for skipping them.
    """
    plan = await service.add_plan(session, case, body, viewer, now)
    response.headers["Location"] = path_for(request.app, "read_plan", case_id=case.id, plan_id=plan.id)
    return await _answer_plan(session, case, plan, viewer, response)


@router.get(PLAN, operation_id="read_plan", summary="One plan", responses=document_errors(404))
async def read_plan(
    case: ReadableCase, plan: ReadablePlan, session: Session, viewer: CurrentViewer, response: Response
) -> PlanRead:
    """The plan, with the ETag that a change of it asks for."""
    return await _answer_plan(session, case, plan, viewer, response)


@router.patch(PLAN, operation_id="change_plan", summary="Change a plan", responses=document_errors(404, 409, 412, 428))
async def change_plan(
    case: LockedCase,
    plan: EditablePlan,
    body: PlanPatch,
    version: IfMatch,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> PlanRead:
    """Who wrote the plan and the owner of the case may. Fields that are left out stay."""
    await service.change_plan(session, case, plan, body, version, viewer, now)
    return await _answer_plan(session, case, plan, viewer, response)


@router.post(
    f"{PLAN}/choose", operation_id="choose_plan", summary="Choose the plan to try", responses=document_errors(404, 409)
)
async def choose_plan(
    case: ChoosableCase, plan: LockedPlan, body: ChoiceInput, session: Session, viewer: CurrentViewer, now: Now
) -> ChoiceRead:
    """The owner, an accepted decision maker or the team's manager may. Chosen while another plan is being tried,
    it is a switch.
    """
    await service.choose_plan(session, case, plan, body, viewer, now)
    assert case.chosen_at is not None
    assert case.follow_up_on is not None
    return ChoiceRead(
        case_id=case.id,
        state=case.state,
        plan_id=plan.id,
        letter=plan.letter,
        reason=case.choice_reason,
        chosen_at=case.chosen_at,
        follow_up_on=case.follow_up_on,
    )


@router.post(
    f"{PLAN}/steps/{{step_id}}/done",
    operation_id="mark_step_done",
    summary="Tick a step",
    responses=document_errors(404, 409),
)
async def mark_step_done(
    case: LockedCase, plan: LockedPlan, step: TickableStep, session: Session, viewer: CurrentViewer, now: Now
) -> StepRead:
    """On the plan being tried; by the owner of the case or of the step."""
    await service.tick_step(session, case, plan, step, viewer, now, done=True)
    return StepRead.from_step(step)


@router.post(
    f"{PLAN}/steps/{{step_id}}/undone",
    operation_id="mark_step_undone",
    summary="Untick a step",
    responses=document_errors(404, 409),
)
async def mark_step_undone(
    case: LockedCase, plan: LockedPlan, step: TickableStep, session: Session, viewer: CurrentViewer, now: Now
) -> StepRead:
    """On the plan being tried; by the owner of the case or of the step."""
    await service.tick_step(session, case, plan, step, viewer, now, done=False)
    return StepRead.from_step(step)


@router.post(
    f"{PLAN}/objections",
    operation_id="raise_objection",
    summary="Log an objection",
    status_code=201,
    responses=document_errors(404, 409),
)
async def raise_objection(
    case: LockedCase, plan: LockedPlan, body: ObjectionInput, session: Session, viewer: CurrentViewer, now: Now
) -> ObjectionRead:
    """Anyone who can read the case may."""
    objection = await service.raise_objection(session, case, plan, body, viewer, now)
    return ObjectionRead.from_objection(await queries.get_objection(session, objection.id))


@router.post(
    f"{PLAN}/objections/{{objection_id}}/answer",
    operation_id="answer_objection",
    summary="Answer an objection",
    responses=document_errors(404, 409),
)
async def answer_objection(
    case: LockedCase,
    objection: LockedObjection,
    body: AnswerInput,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
) -> ObjectionRead:
    """Anyone who can read the case may, once; whoever answered may mend the answer."""
    await service.answer_objection(session, case, objection, body.answer, viewer, now)
    named = [objection.earlier_case_id] if objection.earlier_case_id else []
    visible = await queries.list_visible_titles(session, named, viewer)
    return ObjectionRead.from_objection(await queries.get_objection(session, objection.id), visible)
