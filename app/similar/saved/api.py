"""Saved searches for programs; each needs a person, so a key acts as one."""

from uuid import UUID

from app.accounts.deps import CurrentViewer, create_api_router
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.similar.saved import queries, service
from app.similar.saved.schemas import SavedSearchInput, SavedSearchList, SavedSearchRead

router = create_api_router("similar cases")


@router.get("/saved-searches", operation_id="list_saved_searches", summary="Your saved searches, the newest first")
async def list_saved_searches(session: Session, viewer: CurrentViewer) -> SavedSearchList:
    found = await queries.list_saved(session, viewer.person_id)
    return SavedSearchList(items=[SavedSearchRead.model_validate(saved) for saved in found])


@router.post(
    "/saved-searches",
    status_code=201,
    operation_id="save_search",
    summary="Save a search: you are told when something new fits it",
    responses=document_errors(409),
)
async def save_search(body: SavedSearchInput, session: Session, viewer: CurrentViewer, now: Now) -> SavedSearchRead:
    """Done again, it answers with the one there is. What fits is looked for once an hour."""
    return SavedSearchRead.model_validate(await service.save_search(session, viewer, body.q, now))


@router.delete(
    "/saved-searches/{search_id}",
    status_code=204,
    operation_id="delete_saved_search",
    summary="No longer be told of it",
    responses=document_errors(404),
)
async def delete_saved_search(search_id: UUID, session: Session, viewer: CurrentViewer) -> None:
    """One's own alone, so that it needs no `If-Match`."""
    await service.delete_search(session, viewer, search_id)
