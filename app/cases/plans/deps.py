"""The ways to a plan, its steps and its objections, each through the case that guards it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.accounts.deps import CurrentViewer
from app.accounts.viewer import Viewer
from app.cases.deps import LockedCase, ReadableCase
from app.cases.models import Case, Objection, Plan, PlanStep
from app.cases.plans import queries
from app.core.db import Session
from app.core.errors import Forbidden, NotFound
from app.core.i18n import gettext as _


def may_edit_plan(case: Case, plan: Plan, viewer: Viewer) -> bool:
    """The plan's author and the case's owner."""
    return not viewer.user_ids.isdisjoint({plan.author_id, case.owner_id})


def may_link(case: Case, objection: Objection, viewer: Viewer) -> bool:
    """Whoever raised the objection, and the case's owner."""
    return not viewer.user_ids.isdisjoint({objection.raised_by_id, case.owner_id})


def may_tick(case: Case, step: PlanStep, viewer: Viewer) -> bool:
    """The case's owner, and the step's."""
    return not viewer.user_ids.isdisjoint({step.owner_id, case.owner_id})


def _refuse_strangers(case: Case, plan: Plan, viewer: Viewer) -> None:
    if not may_edit_plan(case, plan, viewer):
        raise Forbidden(_("Only who wrote the plan and the owner of the case may change it."))


async def get_readable_plan(case: ReadableCase, plan_id: UUID, session: Session) -> Plan:
    plan = await queries.find_plan(session, case, plan_id)
    if plan is None:
        raise NotFound
    return plan


async def get_locked_plan(case: LockedCase, plan_id: UUID, session: Session) -> Plan:
    return await get_readable_plan(case, plan_id, session)


ReadablePlan = Annotated[Plan, Depends(get_readable_plan)]
"""A plan of a readable case, as `queries.load_plan` loads it."""

LockedPlan = Annotated[Plan, Depends(get_locked_plan)]
"""A plan of a locked case."""


async def get_own_plan(case: ReadableCase, plan: ReadablePlan, viewer: CurrentViewer) -> Plan:
    _refuse_strangers(case, plan, viewer)
    return plan


async def get_editable_plan(case: LockedCase, plan: LockedPlan, viewer: CurrentViewer) -> Plan:
    _refuse_strangers(case, plan, viewer)
    return plan


async def get_tickable_step(case: LockedCase, plan: LockedPlan, step_id: UUID, viewer: CurrentViewer) -> PlanStep:
    step: PlanStep | None = next((step for step in plan.steps if step.id == step_id), None)
    if step is None:
        raise NotFound
    if not may_tick(case, step, viewer):
        raise Forbidden(_("Only who does the step and the owner of the case may tick it."))
    return step


async def get_readable_objection(plan: ReadablePlan, objection_id: UUID) -> Objection:
    return _find_objection(plan, objection_id)


async def get_locked_objection(plan: LockedPlan, objection_id: UUID) -> Objection:
    return _find_objection(plan, objection_id)


def _find_objection(plan: Plan, objection_id: UUID) -> Objection:
    objection: Objection | None = next((found for found in plan.objections if found.id == objection_id), None)
    if objection is None:
        raise NotFound
    return objection


async def get_linkable_objection(
    case: LockedCase, plan: LockedPlan, objection_id: UUID, viewer: CurrentViewer
) -> Objection:
    objection = _find_objection(plan, objection_id)
    if not may_link(case, objection, viewer):
        raise Forbidden(_("Only who logged the objection and the owner of the case may name an earlier case."))
    return objection


OwnPlan = Annotated[Plan, Depends(get_own_plan)]
"""A plan the viewer may edit, for showing the form."""

EditablePlan = Annotated[Plan, Depends(get_editable_plan)]
"""A plan of a locked case that the viewer may edit."""

TickableStep = Annotated[PlanStep, Depends(get_tickable_step)]
"""A step the viewer may tick, of a locked case."""

ReadableObjection = Annotated[Objection, Depends(get_readable_objection)]
LockedObjection = Annotated[Objection, Depends(get_locked_objection)]

LinkableObjection = Annotated[Objection, Depends(get_linkable_objection)]
"""An objection, of a locked case, for which the viewer may name an earlier case."""
