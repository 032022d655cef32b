"""One case for programs: read it, change it, delete it while it is a draft."""

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases import queries
from app.cases.deps import EditableCase, ReadableCase
from app.cases.drafts import service
from app.cases.lists.queries import find_awaited
from app.cases.models import Case
from app.cases.schemas import CasePatch, CaseRead, read_case
from app.cases.workflow import find_next
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.templating import path_for
from app.core.versions import IfMatch, format_etag, refuse_stale

router = create_api_router("cases")


def address_case(request: Request, case: Case) -> str:
    """Where people read the case."""
    path = path_for(request.app, "case_detail", case_id=case.id)
    return f"{request.app.state.settings.base_url}{path}"


async def answer_case(request: Request, session: AsyncSession, case: Case, response: Response) -> CaseRead:
    """The case with its ETag."""
    response.headers["ETag"] = format_etag(case.version)
    move, missing = find_next(await queries.read_facts(session, case))
    return read_case(
        case,
        awaits=await find_awaited(session, case.id),
        url=address_case(request, case),
        chosen_plan=await queries.find_chosen_letter(session, case),
        move=move,
        missing=missing,
    )


@router.get("/cases/{case_id}", operation_id="read_case", summary="One case", responses=document_errors(404))
async def get_case(request: Request, case: ReadableCase, session: Session, response: Response) -> CaseRead:
    """The case, with the ETag that a change of it asks for."""
    return await answer_case(request, session, case, response)


@router.patch(
    "/cases/{case_id}",
    operation_id="change_case",
    summary="Change a case",
    responses=document_errors(404, 409, 412, 428),
)
async def change_case(
    request: Request,
    case: EditableCase,
    body: CasePatch,
    version: IfMatch,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> CaseRead:
    """The owner may. Fields that are left out stay; lists are replaced whole."""
    refuse_stale(case.version, version)
    case = await service.change_case(session, case, body.list_changes(), viewer, now)
    return await answer_case(request, session, case, response)


@router.delete(
    "/cases/{case_id}",
    operation_id="delete_draft",
    summary="Delete a draft",
    status_code=204,
    responses=document_errors(404, 409, 412, 428),
)
async def remove_draft(case: EditableCase, version: IfMatch, session: Session) -> None:
    """For good. A case that was posted is withdrawn instead."""
    refuse_stale(case.version, version)
    await service.delete_draft(session, case)
