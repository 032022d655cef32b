"""Bringing an earlier text back. That is a change like any other, and leaves a new revision."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.deps import get_editable_case
from app.cases.drafts.service import change_case
from app.cases.models import Case, Plan, Revision, RevisionKind
from app.cases.plans.deps import get_editable_plan, get_locked_plan
from app.cases.plans.queries import find_objection
from app.cases.plans.schemas import PlanPatch, StepInput
from app.cases.plans.service import answer_objection, change_plan
from app.cases.questions.queries import find_question
from app.cases.questions.service import answer_question
from app.core.errors import NotFound
from app.practices.models import Practice
from app.practices.service import change_practice


async def restore_on_case(session: AsyncSession, case: Case, revision: Revision, viewer: Viewer, now: datetime) -> None:
    """Let the case, its outcome, a plan or an answer say again what it said. The case must be locked.

    Raises Forbidden for who may not edit the text, AlreadyAnswered for somebody else's answer, WrongState for what
    nobody works on any more.
    """
    match revision.kind:
        case RevisionKind.PLAN:
            plan = await get_editable_plan(case, await get_locked_plan(case, revision.subject_id, session), viewer)
            await change_plan(session, case, plan, _patch(plan, revision.texts), plan.version, viewer, now)
        case RevisionKind.ANSWER:
            question = await find_question(session, case, revision.subject_id)
            if question is None:
                raise NotFound
            await answer_question(session, case, question, viewer, revision.texts["answer"], now)
        case RevisionKind.OBJECTION_ANSWER:
            objection = await find_objection(session, case, revision.subject_id)
            if objection is None:
                raise NotFound
            await answer_objection(session, case, objection, revision.texts["answer"], viewer, now)
        case _:
            await change_case(session, await get_editable_case(case, session, viewer), revision.texts, viewer, now)


def _patch(plan: Plan, texts: Mapping[str, str]) -> PlanPatch:
    """A step that still stands keeps who does it, by when, and whether it is done."""
    present = {step.text: step for step in plan.steps}
    steps = [
        StepInput(id=step.id, text=text, owner_id=step.owner_id, due_on=step.due_on)
        if (step := present.pop(text, None))
        else StepInput(text=text)
        for text in texts["steps"].splitlines()
    ]
    return PlanPatch(**{name: text for name, text in texts.items() if name != "steps"}, steps=steps)


async def restore_practice(
    session: AsyncSession, practice: Practice, revision: Revision, *, confirmed: bool, viewer: Viewer, now: datetime
) -> None:
    """Let the practice say again what it said. Raises NamesFound, and changes nothing then, unless `confirmed`."""
    await change_practice(
        session, practice, revision.texts, version=practice.version, confirmed=confirmed, viewer=viewer, now=now
    )
