"""The page of what a person has saved, and the buttons that save and take away."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.accounts.deps import CurrentUser, create_page_router
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import read_valid
from app.core.i18n import gettext as _
from app.core.templating import flash, path_for, redirect, render
from app.similar.saved import queries, service
from app.similar.saved.schemas import SavedSearchInput

router = create_page_router()


@router.get("/searches")
async def list_searches(request: Request, session: Session, viewer: CurrentUser) -> Response:
    return render(request, "similar/saved.html", {"saved": await queries.list_saved(session, viewer.person_id)})


@router.post("/searches")
async def save_search(request: Request, session: Session, viewer: CurrentUser, now: Now) -> Response:
    """Back to the search, which is kept from now on."""
    wanted = await read_valid(request, SavedSearchInput)
    saved = await service.save_search(session, viewer, wanted.q, now)
    search = RedirectResponse(f"{path_for(request.app, 'search')}?{urlencode({'q': saved.text})}", 303)
    return flash(search, _("Saved. When something new fits it, you are told."))


@router.post("/searches/{search_id}/delete")
async def delete_search(request: Request, search_id: UUID, session: Session, viewer: CurrentUser) -> Response:
    await service.delete_search(session, viewer, search_id)
    return flash(redirect(request, "list_searches"), _("You are no longer told of it."))
