"""One case for programs: read it, change it, delete it while it is a draft."""

from fastapi import Request, Response

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.answers import answer_case
from app.cases.deps import EditableCase, ReadableCase
from app.cases.drafts import service
from app.cases.schemas import CasePatch, CaseRead
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.versions import IfMatch, refuse_stale

router = create_api_router("cases")


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
