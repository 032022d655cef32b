"""Moves of a case for programs: posting, withdrawing, reopening, and all that were made."""

from fastapi import Request, Response

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases import queries
from app.cases.answers import answer_case
from app.cases.deps import EditableCase, ReadableCase
from app.cases.moves import service
from app.cases.moves.schemas import MoveList, MoveRead, Reason
from app.cases.schemas import CaseRead
from app.cases.service import move_case
from app.cases.workflow import Move
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors

router = create_api_router("cases")


@router.post(
    "/cases/{case_id}/post", operation_id="post_case", summary="Post a draft", responses=document_errors(404, 409)
)
async def post_case(
    request: Request, case: EditableCase, session: Session, viewer: CurrentViewer, now: Now, response: Response
) -> CaseRead:
    """Needs title, customer, obstacle, situation and desired state; a 409 names what is missing."""
    await move_case(session, case, Move.POST, await queries.read_facts(session, case), viewer, now)
    return await answer_case(request, session, case, response)


@router.post(
    "/cases/{case_id}/withdraw",
    operation_id="withdraw_case",
    summary="Withdraw a case",
    responses=document_errors(404, 409),
)
async def withdraw_case(
    request: Request,
    case: EditableCase,
    body: Reason,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> CaseRead:
    """From any state before it is resolved."""
    await service.withdraw_case(session, case, body.reason, viewer, now)
    return await answer_case(request, session, case, response)


@router.post(
    "/cases/{case_id}/reopen",
    operation_id="reopen_case",
    summary="Open a case again",
    responses=document_errors(404, 409),
)
async def reopen_case(
    request: Request,
    case: EditableCase,
    body: Reason,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> CaseRead:
    """From resolved, shared or withdrawn, back to investigating."""
    case = await service.reopen_case(session, case, body.reason, viewer, now)
    return await answer_case(request, session, case, response)


@router.get(
    "/cases/{case_id}/moves",
    operation_id="list_moves",
    summary="Every change of state",
    responses=document_errors(404),
)
async def list_moves(case: ReadableCase, session: Session) -> MoveList:
    """The first one first, each with who made it and why."""
    moves = await queries.list_moves(session, case.id)
    return MoveList(items=[MoveRead.from_move(move) for move in moves])
