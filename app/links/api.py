"""Links between cases for programs."""

from uuid import UUID

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.deps import LockedCase, ReadableCase
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.links import queries, service
from app.links.schemas import LinkInput, LinkList, LinkRead

router = create_api_router("links")


@router.get(
    "/cases/{case_id}/links",
    operation_id="list_case_links",
    summary="Cases that somebody declared to belong together with this one",
    responses=document_errors(404),
)
async def list_links(case: ReadableCase, session: Session, viewer: CurrentViewer) -> LinkList:
    """Apart from what resembles it. Those that you may not read are left out."""
    found = await queries.list_linked(session, viewer, case.id)
    return LinkList(items=[LinkRead.from_linked(linked) for linked in found])


@router.post(
    "/cases/{case_id}/links",
    status_code=201,
    operation_id="link_case",
    summary="Declare that two cases belong together",
    responses=document_errors(404, 409),
)
async def link_case(body: LinkInput, case: LockedCase, session: Session, viewer: CurrentViewer, now: Now) -> LinkRead:
    """Two cases have one link: declared again, the new kind replaces the old."""
    return LinkRead.from_linked(await service.link_cases(session, case, body.other_id, body.kind, viewer, now))


@router.delete(
    "/cases/{case_id}/links/{link_id}",
    status_code=204,
    operation_id="unlink_case",
    summary="Take a link back",
    responses=document_errors(404),
)
async def unlink_case(link_id: UUID, case: LockedCase, session: Session, viewer: CurrentViewer) -> None:
    """For whoever declared it and for the owners of both cases. It needs no `If-Match`: a link has nothing to lose."""
    await service.unlink_case(session, case, link_id, viewer)
