"""Home: what waits for the reader, then what the organisation has learned."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.accounts.deps import CurrentUser, create_page_router
from app.core.clock import Now
from app.core.db import Session
from app.core.i18n import gettext as _
from app.core.pagination import Cursor
from app.core.templating import link_next, render, wants_block
from app.feed import queries
from app.feed.marks import pages as marks_pages
from app.feed.news import pages as news_pages
from app.feed.outlets import pages as outlet_pages
from app.feed.schemas import FeedQuery
from app.feed.scopes import Scope
from app.feed.visibility import WRITERS
from app.feed.waiting import list_all_waiting
from app.practices.pages import list_choices
from app.practices.queries import list_code_names

pages = create_page_router()

WAITING_SHOWN = 10
PART = "part"
"""The block that htmx fetches."""


@pages.get("/")
async def home(
    request: Request, query: Annotated[FeedQuery, Query()], session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """With htmx the next part of the feed alone."""
    filters = query.list_filters()
    cursor = Cursor.decode(query.cursor)
    codes = await list_code_names(session)
    page = await queries.list_feed(
        session, viewer, codes, cursor=cursor, limit=query.limit, scope=query.scope, **filters
    )
    context: dict[str, Any] = {"items": page.items, "next_url": link_next(request, page.next_cursor)}
    if cursor and wants_block(request):
        return render(request, "feed/home.html", context, block=PART)
    waiting = [] if cursor else await list_all_waiting(session, viewer, now)
    context |= {
        "waiting": waiting[:WAITING_SHOWN],
        "more_waiting": len(waiting) > WAITING_SHOWN,
        "filters": filters,
        "scope": query.scope,
        "scopes": _link_scopes(request, query.scope),
        "choices": await list_choices(session, codes.values()),
        "is_first_page": cursor is None,
        "writes_news": viewer.role in WRITERS,
    }
    return render(request, "feed/home.html", context)


def _link_scopes(request: Request, current: Scope) -> list[dict[str, Any]]:
    """The scopes as tabs, each under the filters of the address."""
    url = request.url.remove_query_params("cursor")
    names = {Scope.EVERYTHING: _("Everything"), Scope.ME: _("For me"), Scope.TEAMS: _("My teams")}
    return [
        {
            "name": name,
            "url": f"?{url.include_query_params(scope=scope.value).query}",
            "current": scope is current,
        }
        for scope, name in names.items()
    ]


@pages.get("/waiting")
async def list_waiting(request: Request, session: Session, viewer: CurrentUser, now: Now) -> Response:
    """All that waits for the reader, the oldest first."""
    return render(request, "feed/waiting.html", {"waiting": await list_all_waiting(session, viewer, now)})


router = APIRouter()
router.include_router(pages)
router.include_router(marks_pages.router)
router.include_router(news_pages.router)
router.include_router(outlet_pages.router)
