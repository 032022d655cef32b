"""Questions and answers for programs; each needs a person, so a key acts as one."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.answers import answer_case
from app.cases.deps import EditableCase, LockedCase, ReadableCase
from app.cases.models import Case, Question
from app.cases.questions import queries, service
from app.cases.questions.schemas import AnswerInput, QuestionInput, QuestionList, QuestionRead, SkipInput
from app.cases.schemas import CaseRead
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.errors import NotFound

router = create_api_router("questions")


@router.get(
    "/cases/{case_id}/questions",
    operation_id="list_questions",
    summary="Questions and answers",
    responses=document_errors(404),
)
async def list_questions(case: ReadableCase, session: Session) -> QuestionList:
    """In the order they were asked."""
    questions = await queries.list_questions(session, case)
    return QuestionList(items=[QuestionRead.from_question(question) for question in questions])


@router.post(
    "/cases/{case_id}/questions",
    operation_id="ask_question",
    summary="Ask a question",
    status_code=201,
    responses=document_errors(404, 409),
)
async def ask_question(
    case: LockedCase, body: QuestionInput, session: Session, viewer: CurrentViewer, now: Now
) -> QuestionRead:
    """Anyone who can read the case may, of the owner or of somebody named who can read it."""
    question_id = await service.ask_question(session, case, viewer, body.text, body.addressed_to_id, now)
    return QuestionRead.from_question(await get_question(session, case, question_id))


@router.post(
    "/cases/{case_id}/questions/{question_id}/answer",
    operation_id="answer_question",
    summary="Answer a question",
    responses=document_errors(404, 409),
)
async def answer_question(
    question_id: UUID, case: LockedCase, body: AnswerInput, session: Session, viewer: CurrentViewer, now: Now
) -> QuestionRead:
    """Anyone who can read the case may. One's own answer can be changed, nobody else's."""
    question = await get_question(session, case, question_id)
    await service.answer_question(session, case, question, viewer, body.answer, now)
    return QuestionRead.from_question(await get_question(session, case, question_id))


@router.post(
    "/cases/{case_id}/skip-questions",
    operation_id="skip_questions",
    summary="Say why questions are skipped",
    responses=document_errors(404, 409),
)
async def skip_questions(
    request: Request,
    case: EditableCase,
    body: SkipInput,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> CaseRead:
    """Instead of two answered questions, before the first plan."""
    await service.skip_questions(session, case, viewer, body.reason, now)
    return await answer_case(request, session, case, response)


async def get_question(session: AsyncSession, case: Case, question_id: UUID) -> Question:
    question = await queries.find_question(session, case, question_id)
    if question is None:
        raise NotFound
    return question
