"""How a case ended: its owner tells, which resolves it. The case must be locked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.codes import find_code
from app.cases.models import Case, CodeKind, Objection, Plan
from app.cases.outcomes.schemas import STILL_OPEN, Judgement, OutcomeInput
from app.cases.plans.queries import list_plans
from app.cases.queries import read_facts
from app.cases.revising import keep_case_revisions, read_wordings
from app.cases.service import REFUSALS, WrongState, announce_change, move_case, refuse_unready
from app.cases.workflow import Move, is_possible
from app.core.errors import Invalid
from app.core.i18n import gettext as _

PLAN_OF_OUTCOME: Mapping[str, str] = {"won_a": "A", "won_b": "B"}


def refuse_untried(case: Case) -> None:
    """Raise WrongState unless the case is being tried."""
    if not is_possible(Move.RESOLVE, case.state):
        raise WrongState(_(REFUSALS[Move.RESOLVE]))


async def report_outcome(
    session: AsyncSession, case: Case, report: OutcomeInput, viewer: Viewer, now: datetime
) -> None:
    """Resolve the case or, while it is still open, set the day to ask again. A refusal changes nothing."""
    refuse_untried(case)
    plans = await list_plans(session, case)
    plan = _find_plan(plans, report)
    judged = _match_objections(plans, report.objections)
    before = read_wordings(case)
    if report.outcome == STILL_OPEN:
        follow_up_on = _check_follow_up(report.follow_up_on, viewer.local_day(now))
        _write_texts(case, report)
        case.follow_up_on = follow_up_on
        await announce_change(session, case, viewer, now, "outcome.postponed", case.id)
        await keep_case_revisions(session, case, before, viewer, now)
        return
    code = await find_code(session, CodeKind.OUTCOME, report.outcome)
    if code is None:
        raise Invalid.at("outcome", _("Choose one of the options."))
    facts = replace(
        await read_facts(session, case),
        outcome_key=code.key,
        outcome_plan_given=plan is not None,
        outcome_worked=report.worked,
        outcome_not_worked=report.not_worked,
    )
    refuse_unready(Move.RESOLVE, facts)
    _write_texts(case, report)
    case.outcome_id = code.id
    case.outcome_plan_id = plan.id if plan else None
    case.resolved_at = now
    case.follow_up_on = None
    for objection, was_right in judged:
        objection.was_right = was_right
    await move_case(session, case, Move.RESOLVE, facts, viewer, now)
    await keep_case_revisions(session, case, before, viewer, now)


def _write_texts(case: Case, report: OutcomeInput) -> None:
    """Keep the texts that were given; what was told at an earlier reminder stays."""
    for name in {"worked", "not_worked", "current_state"} & report.model_fields_set:
        setattr(case, f"outcome_{name}", getattr(report, name))


def _find_plan(plans: Sequence[Plan], report: OutcomeInput) -> Plan | None:
    """The plan that was used, which must be the one the outcome names."""
    if report.plan is None:
        return None
    plan = next((plan for plan in plans if plan.letter == report.plan), None)
    if plan is None:
        raise Invalid.at("plan", _("The case has no such plan."))
    expected = PLAN_OF_OUTCOME.get(report.outcome, report.plan)
    if report.plan != expected:
        raise Invalid.at("plan", _("You say it was won with plan {letter}: choose that plan.").format(letter=expected))
    return plan


def _match_objections(plans: Sequence[Plan], judgements: Sequence[Judgement]) -> list[tuple[Objection, bool]]:
    known = {objection.id: objection for plan in plans for objection in plan.objections}
    if any(judgement.id not in known for judgement in judgements):
        raise Invalid.at("objections", _("The case has no such objection."))
    return [(known[judgement.id], judgement.was_right) for judgement in judgements]


def _check_follow_up(day: date | None, today: date) -> date:
    if day is None or day <= today:
        raise Invalid.at("follow_up_on", _("Choose a day that is still to come."))
    return day
