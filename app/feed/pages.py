"""Home: what waits for the reader, then what the organisation has learned."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.accounts.deps import CurrentUser, create_page_router
from app.cases.waiting import list_waiting
from app.core.clock import Now
from app.core.db import Session
from app.core.pagination import Cursor
from app.core.templating import link_next, render
from app.feed import queries
from app.feed.marks import pages as marks_pages
from app.feed.schemas import FeedQuery
from app.practices.pages import list_choices
from app.practices.queries import list_code_names, list_to_review

pages = create_page_router()

WAITING_SHOWN = 10


@pages.get("/")
async def home(
    request: Request, query: Annotated[FeedQuery, Query()], session: Session, viewer: CurrentUser, now: Now
) -> Response:
    filters = query.list_filters()
    cursor = Cursor.decode(query.cursor)
    codes = await list_code_names(session)
    page = await queries.list_feed(session, viewer, codes, cursor=cursor, limit=query.limit, **filters)
    waiting = [] if cursor else await list_waiting(session, viewer, viewer.local_day(now))
    context = {
        "waiting": waiting[:WAITING_SHOWN],
        "more_waiting": len(waiting) > WAITING_SHOWN,
        "reviews": [] if cursor else await list_to_review(session, viewer),
        "items": page.items,
        "filters": filters,
        "choices": await list_choices(session, codes.values()),
        "next_url": link_next(request, page.next_cursor),
        "is_first_page": cursor is None,
    }
    return render(request, "feed/home.html", context)


router = APIRouter()
router.include_router(pages)
router.include_router(marks_pages.router)
