"""Asking and answering on the page of a case."""

from uuid import UUID

from fastapi import Request, Response

from app.accounts.deps import CurrentUser, create_page_router
from app.cases.answers import return_to_case
from app.cases.deps import EditableCase, LockedCase
from app.cases.detail.pages import show_case
from app.cases.questions import queries, service
from app.cases.questions.schemas import AnswerForm, QuestionForm, SkipForm
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Invalid, NotFound
from app.core.forms import read_form

router = create_page_router()


@router.post("/cases/{case_id}/questions")
async def ask_question(request: Request, case: LockedCase, session: Session, viewer: CurrentUser, now: Now) -> Response:
    form = await read_form(request, QuestionForm)
    if form.data is None:
        return await show_case(request, session, case, viewer, now, form, "ask")
    try:
        await service.ask_question(session, case, viewer, form.data.text, form.data.addressed_to_id, now)
    except Invalid as error:
        form.errors = error.fields
        return await show_case(request, session, case, viewer, now, form, "ask")
    return return_to_case(request, case, "questions")


@router.post("/cases/{case_id}/questions/{question_id}/answer")
async def answer_question(
    request: Request, question_id: UUID, case: LockedCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    question = await queries.find_question(session, case, question_id)
    if question is None:
        raise NotFound
    form = await read_form(request, AnswerForm)
    if form.data is None:
        return await show_case(request, session, case, viewer, now, form, f"answer-{question.id}")
    await service.answer_question(session, case, question, viewer, form.data.answer, now)
    return return_to_case(request, case, "questions")


@router.post("/cases/{case_id}/skip-questions")
async def skip_questions(
    request: Request, case: EditableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, SkipForm)
    if form.data is None:
        return await show_case(request, session, case, viewer, now, form, "skip")
    await service.skip_questions(session, case, viewer, form.data.skip_questions_reason, now)
    return return_to_case(request, case, "plans")
