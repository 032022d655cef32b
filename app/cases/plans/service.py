"""What people do with plans: propose, change, choose and tick them off. The case must be locked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import record_audit
from app.accounts.viewer import Viewer
from app.cases.codes import find_code
from app.cases.models import Case, CodeKind, Objection, Plan, PlanStep
from app.cases.plans import queries
from app.cases.plans.schemas import (
    LETTERS,
    MAX_PLANS,
    ChoiceInput,
    ObjectionInput,
    PlanCreate,
    PlanPatch,
    StepInput,
)
from app.cases.queries import read_facts
from app.cases.revising import keep_revision, read_answer_wording, read_plan_wording
from app.cases.service import AlreadyAnswered, WrongState, announce_change, move_case, record_move, refuse_unready
from app.cases.workflow import OPEN_STATES, Move, State
from app.core.db import new_id
from app.core.errors import Conflict, Invalid
from app.core.i18n import gettext as _
from app.core.jobs import publish
from app.core.versions import refuse_stale

FOLLOW_UP_AFTER = timedelta(days=14)
TRIED_BEFORE = "tried_before"
"""The kind of an objection that an earlier case can be named for."""


class TooManyPlans(Conflict):
    code = "too_many_plans"


class AlreadyTried(Conflict):
    """The plan to choose is the one being tried."""

    code = "already_tried"


class NotTriedBefore(Conflict):
    """The objection is of another kind, so that no earlier case belongs to it."""

    code = "not_tried_before"


class NotTried(Conflict):
    """The step belongs to a plan that nobody tries now."""

    code = "not_tried"


def refuse_closed(case: Case) -> None:
    """Raise WrongState unless the case is being worked on."""
    if case.state not in OPEN_STATES:
        raise WrongState(_("The case is not being worked on, so its plans stay as they are."))


def refuse_seventh(letters: Sequence[str]) -> None:
    if len(letters) >= MAX_PLANS:
        raise TooManyPlans(_("A case has at most {n} plans: change one instead.").format(n=MAX_PLANS))


async def add_plan(session: AsyncSession, case: Case, plan: PlanCreate, viewer: Viewer, now: datetime) -> Plan:
    """Propose a plan; the first one moves the case on to creating. Nothing is changed when it is refused."""
    author_id = viewer.person_id
    refuse_closed(case)
    letters = await queries.list_letters(session, case)
    refuse_seventh(letters)
    await _refuse_unknown(session, plan, viewer)
    await _start_creating(session, case, plan.skip_questions_reason, viewer, now)
    row = Plan(
        organisation_id=case.organisation_id,
        case_id=case.id,
        letter=next(letter for letter in LETTERS if letter not in letters),
        author_id=author_id,
        created_at=now,
        updated_at=now,
        updated_by_id=author_id,
        **plan.model_dump(exclude={"steps", "skip_questions_reason"}),
    )
    session.add(row)
    await session.flush()
    await _write_steps(session, row, plan.steps, {})
    await announce_change(session, case, viewer, now, "plan.proposed", row.id, {"plan": row.letter})
    if plan.basis_practice_id is not None:
        await publish(
            session,
            "plan.based_on_practice",
            organisation_id=str(case.organisation_id),
            practice_id=str(plan.basis_practice_id),
            user_id=str(author_id),
            case_id=str(case.id),
        )
    if plan.basis_case_id is not None:
        await publish(
            session,
            "plan.based_on_case",
            organisation_id=str(case.organisation_id),
            case_id=str(plan.basis_case_id),
            action="plan.based_on_case",
            subject_id=str(row.id),
            by_id=str(author_id),
            at=now.isoformat(),
        )
    return row


async def change_plan(
    session: AsyncSession, case: Case, plan: Plan, changes: PlanPatch, version: int, viewer: Viewer, now: datetime
) -> None:
    """Save the given fields. Raises Stale when somebody saved since `version`."""
    refuse_closed(case)
    refuse_stale(plan.version, version)
    await _refuse_unknown_owners(session, changes.steps)
    if case.state is State.INVESTIGATING:
        await _start_creating(session, case, "", viewer, now)
    before = read_plan_wording(plan, (step.text for step in plan.steps))
    for name, value in changes.model_dump(exclude_unset=True, exclude={"steps"}).items():
        setattr(plan, name, value)
    plan.version += 1
    plan.updated_at = now
    plan.updated_by_id = viewer.person_id
    if "steps" in changes.model_fields_set:
        await _write_steps(session, plan, changes.steps, {step.id: step for step in plan.steps})
    steps = changes.steps if "steps" in changes.model_fields_set else plan.steps
    after = read_plan_wording(plan, (step.text for step in steps))
    await keep_revision(session, before, after.texts, viewer, now)
    changed = {"plan": plan.letter, "fields": ", ".join(sorted(changes.model_fields_set))}
    await announce_change(session, case, viewer, now, "plan.changed", plan.id, changed)


async def _start_creating(session: AsyncSession, case: Case, reason: str, viewer: Viewer, now: datetime) -> None:
    """Move an investigated case on, by two answered questions or by the reason for skipping them."""
    if case.state is not State.INVESTIGATING:
        return
    facts = await read_facts(session, case)
    facts = replace(facts, skip_questions_reason=facts.skip_questions_reason or reason)
    await move_case(session, case, Move.CREATE, facts, viewer, now, note=reason)
    case.skip_questions_reason = facts.skip_questions_reason


async def _refuse_unknown(session: AsyncSession, plan: PlanCreate, viewer: Viewer) -> None:
    """Refuse ids that name nothing here, or nothing the viewer may see."""
    await _refuse_unknown_owners(session, plan.steps)
    if plan.basis_practice_id and not await queries.may_start_from(session, plan.basis_practice_id, viewer):
        raise Invalid.at("basis_practice_id", _("There is no such practice."))
    if plan.basis_case_id and not await queries.find_basis(session, plan.basis_case_id, viewer):
        raise Invalid.at("basis_case_id", _("There is no such case, or you may not see it."))


async def _refuse_unknown_owners(session: AsyncSession, steps: Sequence[StepInput]) -> None:
    owner_ids = {step.owner_id for step in steps if step.owner_id}
    unknown = owner_ids - await queries.list_known_users(session, owner_ids)
    if unknown:
        text = _("Choose somebody in your organisation.")
        at = {f"steps.{index}.owner_id": text for index, step in enumerate(steps) if step.owner_id in unknown}
        raise Invalid(text, fields=at)


async def _write_steps(
    session: AsyncSession, plan: Plan, steps: Sequence[StepInput], present: dict[UUID, PlanStep]
) -> None:
    """The plan's steps as given, in their order. A step that stays keeps whether it is done."""
    left = dict(present)
    for position, step in enumerate(steps):
        row = left.pop(step.id, None) if step.id else None
        if row is None:
            row = PlanStep(organisation_id=plan.organisation_id, plan_id=plan.id)
            session.add(row)
        row.position = position
        row.text, row.owner_id, row.due_on = step.text, step.owner_id, step.due_on
    for row in left.values():
        await session.delete(row)
    await session.flush()


def is_chosen(case: Case, plan: Plan) -> bool:
    """It is the plan being tried, or the one that was. A case opened again has nothing chosen yet."""
    return plan.id == case.chosen_plan_id and case.state not in {State.INVESTIGATING, State.CREATING}


def propose_follow_up(plan: Plan, today: date) -> date:
    """When to ask how it went: at the switch date if it lies ahead, else in 14 days."""
    if plan.switch_on is not None and plan.switch_on > today:
        return plan.switch_on
    return today + FOLLOW_UP_AFTER


async def choose_plan(
    session: AsyncSession, case: Case, plan: Plan, choice: ChoiceInput, viewer: Viewer, now: datetime
) -> None:
    """Try this plan, or switch to it. Nothing is changed when it is refused."""
    chooser_id = viewer.person_id
    today = viewer.local_day(now)
    if choice.follow_up_on is not None and choice.follow_up_on < today:
        raise Invalid.at("follow_up_on", _("Choose a day that is still to come."))
    facts = await read_facts(session, case, reason=choice.reason)
    refuse_unready(Move.CHOOSE, facts)
    if case.state is State.TRYING and case.chosen_plan_id == plan.id:
        raise AlreadyTried(_("Plan {letter} is being tried already.").format(letter=plan.letter))
    note = f"{plan.letter}: {choice.reason}"
    if case.state is State.TRYING:
        record_move(session, case, State.TRYING, viewer, now, note)
    case.chosen_plan_id = plan.id
    case.choice_reason = choice.reason
    case.chosen_by_id = chooser_id
    case.chosen_at = now
    case.follow_up_on = choice.follow_up_on or propose_follow_up(plan, today)
    await move_case(session, case, Move.CHOOSE, facts, viewer, now, note=note)


async def tick_step(
    session: AsyncSession, case: Case, plan: Plan, step: PlanStep, viewer: Viewer, now: datetime, *, done: bool
) -> None:
    """Mark a step of the tried plan as done or not done. Doing so twice changes nothing more."""
    if case.state is not State.TRYING or case.chosen_plan_id != plan.id:
        raise NotTried(_("Steps are ticked on the plan that is being tried."))
    if done == (step.done_at is not None):
        return
    viewer = viewer.appear_as(step.owner_id)
    step.done_at = now if done else None
    step.done_by_id = viewer.person_id if done else None
    action = "step.done" if done else "step.undone"
    await record_audit(session, viewer, action, step.id, {"plan": plan.letter}, case_id=case.id, at=now)


async def raise_objection(
    session: AsyncSession, case: Case, plan: Plan, objection: ObjectionInput, viewer: Viewer, now: datetime
) -> Objection:
    """Log resistance to a plan."""
    raised_by_id = viewer.person_id
    refuse_closed(case)
    kind = await find_code(session, CodeKind.OBJECTION, objection.kind)
    if kind is None:
        raise Invalid.at("kind", _("Choose one of the options."))
    row = Objection(
        organisation_id=case.organisation_id,
        id=new_id(),
        plan_id=plan.id,
        kind_id=kind.id,
        text=objection.text,
        raised_by_id=raised_by_id,
        raised_at=now,
    )
    session.add(row)
    await announce_change(session, case, viewer, now, "objection.raised", row.id, {"plan": plan.letter})
    return row


async def answer_objection(
    session: AsyncSession, case: Case, objection: Objection, answer: str, viewer: Viewer, now: datetime
) -> None:
    """Answer an objection, or mend one's own answer."""
    answered_by_id = viewer.person_id
    refuse_closed(case)
    if objection.answered_by_id not in {None, answered_by_id}:
        raise AlreadyAnswered(_("Somebody else has answered this objection."))
    if answer == objection.answer:
        return
    before = read_answer_wording(case, objection)
    objection.answer = answer
    objection.answered_by_id = answered_by_id
    objection.answered_at = now
    await keep_revision(session, before, {"answer": answer}, viewer, now)
    await announce_change(session, case, viewer, now, "objection.answered", objection.id)


async def link_earlier_case(
    session: AsyncSession, case: Case, objection: Objection, earlier_id: UUID | None, viewer: Viewer, now: datetime
) -> None:
    """Name the case in which it was tried before; None takes the name back. The viewer must see that case."""
    refuse_closed(case)
    if objection.kind.key != TRIED_BEFORE:
        raise NotTriedBefore(_("Only an objection that it was tried before names an earlier case."))
    if earlier_id == case.id:
        raise Invalid.at("case_id", _("Choose another case than this one."))
    if earlier_id is not None and not await queries.may_compare(session, earlier_id, viewer):
        raise Invalid.at("case_id", _("There is no such case, or you may not see it."))
    objection.earlier_case_id = earlier_id
    await announce_change(session, case, viewer, now, "objection.linked", objection.id)
