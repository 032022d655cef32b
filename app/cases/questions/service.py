"""Sparring before advice: anyone who can read a case can ask and answer. The case must be locked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case, Question
from app.cases.queries import list_readers
from app.cases.revising import keep_revision, read_answer_wording
from app.cases.service import AlreadyAnswered, WrongState, announce_change, touch_case
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, State
from app.core.db import new_id
from app.core.errors import Invalid
from app.core.i18n import gettext as _


async def ask_question(
    session: AsyncSession,
    case: Case,
    viewer: Viewer,
    text: str,
    addressed_to_id: UUID | None,
    now: datetime,
    *,
    action: str = "question.asked",
) -> UUID:
    """Ask the owner, or somebody named who may read the case; the new question's id. `action` is what is told of it."""
    asked_by_id = viewer.person_id
    if case.state not in OPEN_STATES | CLOSED_STATES:
        raise WrongState(_("Questions can be asked once the case is posted, and until it is withdrawn."))
    if addressed_to_id == case.owner_id:
        addressed_to_id = None
    if addressed_to_id is not None:
        readers = {user.id for user in await list_readers(session, case)}
        if addressed_to_id not in readers:
            raise Invalid.at("addressed_to_id", _("Choose somebody who may read this case."))
    question = Question(
        organisation_id=case.organisation_id,
        id=new_id(),
        case_id=case.id,
        text=text,
        asked_by_id=asked_by_id,
        asked_at=now,
        addressed_to_id=addressed_to_id,
    )
    session.add(question)
    await announce_change(session, case, viewer, now, action, question.id)
    return question.id


async def answer_question(
    session: AsyncSession, case: Case, question: Question, viewer: Viewer, answer: str, now: datetime
) -> None:
    """Answer, or change one's own answer. Raises AlreadyAnswered for somebody else's.

    Who posted the case without a name, and was asked by name, answers by that name: any other would tell.
    """
    viewer = viewer.appear_as(question.addressed_to_id)
    answered_by_id = viewer.person_id
    if case.state is State.WITHDRAWN:
        raise WrongState(_("The case is withdrawn: nothing more is answered here."))
    if question.answered_by_id not in {None, answered_by_id}:
        raise AlreadyAnswered(_("Somebody answered meanwhile. Ask a new question to add to it."))
    if answer == question.answer:
        return
    before = read_answer_wording(case, question)
    question.answer = answer
    question.answered_by_id = answered_by_id
    question.answered_at = now
    await keep_revision(session, before, {"answer": answer}, viewer, now)
    await announce_change(session, case, viewer, now, "question.answered", question.id)


async def skip_questions(session: AsyncSession, case: Case, viewer: Viewer, reason: str, now: datetime) -> None:
    """Say why plans are made without two answered questions."""
    if case.state is not State.INVESTIGATING:
        raise WrongState(_("Questions can be skipped only while the case is being investigated."))
    case.skip_questions_reason = reason
    await touch_case(session, case, viewer, now, "case.questions_skipped", {})
