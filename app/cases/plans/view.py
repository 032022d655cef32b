"""The plans as a page shows them: what the viewer may do with each, and what is due."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.deps import may_choose, may_edit
from app.cases.models import Case, Objection, Plan, PlanStep
from app.cases.plans.deps import may_edit_plan, may_link, may_tick
from app.cases.plans.queries import list_named_cases, list_visible_titles
from app.cases.plans.schemas import MAX_PLANS
from app.cases.plans.service import TRIED_BEFORE, is_chosen
from app.cases.workflow import OPEN_STATES, CaseFacts, Move, State, find_missing
from app.core.i18n import gettext as _


@dataclass(frozen=True)
class StepView:
    """A step with whether the viewer may tick it now, and whether it is late."""

    step: PlanStep
    may_tick: bool
    late: bool


@dataclass(frozen=True)
class ObjectionView:
    objection: Objection
    earlier_title: str | None
    """Of the case in which it was tried before, for those who may see that case."""
    may_link: bool
    """The viewer may name such a case now."""


@dataclass(frozen=True)
class PlanView:
    plan: Plan
    chosen: bool
    """It is the one being tried, or the one that was."""
    steps: list[StepView]
    may_edit: bool
    may_choose: bool
    basis_title: str | None
    """Of the earlier case it was started from, for those who may see that case."""
    objections: list[ObjectionView]


@dataclass(frozen=True)
class PlansView:
    """Needed by `cases/_plans.html` as `plans`."""

    items: list[PlanView]
    open: bool
    """People work on the case: plans, objections and answers are taken."""
    may_propose: bool
    first_missing: list[str]
    """What comes before the first plan, in words."""
    choice_missing: list[str]
    """What comes before one can be chosen, in words."""
    tried: PlanView | None
    switch_due: bool
    """The tried plan's switch date has come, and the viewer may choose another."""
    may_report: bool
    report_due: bool
    """The day on which the owner is asked how it went has come."""


async def view_plans(
    session: AsyncSession, case: Case, plans: Sequence[Plan], facts: CaseFacts, viewer: Viewer, now: datetime
) -> PlansView:
    """The plans of a case, as `list_plans` loads them, for this viewer."""
    titles = await list_visible_titles(session, list_named_cases(plans), viewer)
    chooses = case.state in {State.CREATING, State.TRYING} and await may_choose(session, case, viewer)
    choice_missing = find_missing(Move.CHOOSE, replace(facts, reason="given"))
    first_missing = find_missing(Move.CREATE, facts) if case.state is State.INVESTIGATING else []
    today = viewer.local_day(now)
    items = [
        _view_plan(case, plan, viewer, today, chooses=chooses and not choice_missing, titles=titles) for plan in plans
    ]
    tried = next((item for item in items if item.chosen and case.state is State.TRYING), None)
    is_open = case.state in OPEN_STATES and viewer.user_id is not None
    return PlansView(
        items=items,
        open=is_open,
        may_propose=is_open and len(plans) < MAX_PLANS,
        first_missing=[_(need.message) for need in first_missing],
        choice_missing=[_(need.message) for need in choice_missing] if case.state is State.CREATING else [],
        tried=tried,
        switch_due=bool(chooses and tried and tried.plan.switch_on and tried.plan.switch_on <= today),
        may_report=case.state is State.TRYING and may_edit(case, viewer),
        report_due=case.follow_up_on is not None and case.follow_up_on <= today,
    )


def _view_plan(
    case: Case, plan: Plan, viewer: Viewer, today: date, *, chooses: bool, titles: dict[UUID, str]
) -> PlanView:
    chosen = is_chosen(case, plan)
    tried = chosen and case.state is State.TRYING
    return PlanView(
        plan=plan,
        chosen=chosen,
        steps=view_steps(case, plan.steps, viewer, today, tried=tried),
        may_edit=case.state in OPEN_STATES and may_edit_plan(case, plan, viewer),
        may_choose=chooses and not tried,
        basis_title=titles.get(plan.basis_case_id) if plan.basis_case_id else None,
        objections=[_view_objection(case, objection, viewer, titles) for objection in plan.objections],
    )


def _view_objection(case: Case, objection: Objection, viewer: Viewer, titles: dict[UUID, str]) -> ObjectionView:
    asked = case.state in OPEN_STATES and objection.kind.key == TRIED_BEFORE
    return ObjectionView(
        objection=objection,
        earlier_title=titles.get(objection.earlier_case_id) if objection.earlier_case_id else None,
        may_link=asked and may_link(case, objection, viewer),
    )


def view_steps(case: Case, steps: Sequence[PlanStep], viewer: Viewer, today: date, *, tried: bool) -> list[StepView]:
    return [
        StepView(
            step=step,
            may_tick=tried and may_tick(case, step, viewer),
            late=tried and step.done_at is None and step.due_on is not None and step.due_on < today,
        )
        for step in steps
    ]
