"""The case in which something was tried before, for programs."""

from typing import Annotated

from fastapi import Query

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.deps import LockedCase, ReadableCase
from app.cases.plans.deps import LinkableObjection, LockedPlan, ReadableObjection, ReadablePlan
from app.cases.plans.schemas import EarlierCaseInput
from app.cases.plans.service import link_earlier_case
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.similar.deps import Slot
from app.similar.earlier import service
from app.similar.earlier.schemas import EarlierCaseRead, Searched, SuggestedCase, SuggestedCaseList
from app.similar.schemas import PoolLimit
from app.similar.service import DEFAULT_LIMIT

router = create_api_router("plans")
EARLIER_CASE = "/cases/{case_id}/plans/{plan_id}/objections/{objection_id}/earlier-case"


@router.get(
    EARLIER_CASE,
    operation_id="read_earlier_case",
    summary="The case in which it was tried before",
    responses=document_errors(404),
)
async def read_earlier_case(
    case: ReadableCase, plan: ReadablePlan, objection: ReadableObjection, session: Session, viewer: CurrentViewer
) -> EarlierCaseRead:
    """Attribute by attribute, what is the same and what is different now."""
    comparison = await service.find_comparison(session, viewer, case, plan, objection)
    return EarlierCaseRead.from_comparison(objection.id, comparison)


@router.post(
    EARLIER_CASE,
    operation_id="link_earlier_case",
    summary="Name the case in which it was tried before",
    responses=document_errors(404, 409),
)
async def set_earlier_case(
    case: LockedCase,
    plan: LockedPlan,
    objection: LinkableObjection,
    body: EarlierCaseInput,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
) -> EarlierCaseRead:
    """Whoever logged the objection and the owner of the case may, for a case that they may see."""
    await link_earlier_case(session, case, objection, body.case_id, viewer, now)
    comparison = await service.find_comparison(session, viewer, case, plan, objection)
    return EarlierCaseRead.from_comparison(objection.id, comparison)


@router.get(
    f"{EARLIER_CASE}/suggestions",
    operation_id="suggest_earlier_cases",
    summary="Cases in which it may have been tried before",
    responses=document_errors(404),
)
async def suggest_earlier_cases(
    case: ReadableCase,
    plan: ReadablePlan,
    objection: ReadableObjection,
    session: Session,
    viewer: CurrentViewer,
    slot: Slot,
    q: Searched = "",
    limit: Annotated[PoolLimit, Query()] = DEFAULT_LIMIT,
) -> SuggestedCaseList:
    """Those that tell of the like of the plan, or with `q` those that a search finds."""
    found = await service.suggest_cases(session, viewer, case, plan, objection, slot=slot, q=q, limit=limit)
    items = [SuggestedCase.from_suggestion(suggestion) for suggestion in found.items]
    return SuggestedCaseList(mode=found.found.mode if found.found else slot.mode or "keywords", items=items)
