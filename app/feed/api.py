"""The feed for programs."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.waiting import Waiting
from app.core.clock import Now
from app.core.db import Session
from app.core.pagination import Cursor
from app.core.templating import path_for
from app.feed import queries
from app.feed.marks import api as marks_api
from app.feed.queries import FeedItem
from app.feed.schemas import FeedItemRead, FeedQuery, FeedRead, WaitingList, WaitingRead
from app.feed.waiting import list_all_waiting
from app.practices.queries import list_code_names, refuse_unknown_codes

feed = create_api_router("feed")


@feed.get("/feed", operation_id="read_feed", summary="Practices, newly resolved cases and news, last surfaced first")
async def read_feed(
    request: Request, query: Annotated[FeedQuery, Query()], session: Session, viewer: CurrentViewer
) -> FeedRead:
    """A case and its practice appear once, as the practice. Ranked by reuse that is known to have worked."""
    filters = query.list_filters()
    codes = await list_code_names(session)
    refuse_unknown_codes(codes.values(), filters)
    page = await queries.list_feed(
        session, viewer, codes, cursor=Cursor.decode(query.cursor), limit=query.limit, scope=query.scope, **filters
    )
    items = [FeedItemRead.from_item(item, _link(request, item)) for item in page.items]
    return FeedRead(items=items, next_cursor=page.next_cursor)


@feed.get("/waiting", operation_id="list_waiting", summary="What waits for you, the oldest first")
async def list_waiting(request: Request, session: Session, viewer: CurrentViewer, now: Now) -> WaitingList:
    """Questions to answer, hats asked for, what is due on your cases, practices to review: at most 50 of each."""
    if viewer.user_id is None:
        return WaitingList(items=[])
    found = await list_all_waiting(session, viewer, now)
    return WaitingList(items=[_read_waiting(request, waiting) for waiting in found])


def _read_waiting(request: Request, waiting: Waiting) -> WaitingRead:
    url = path_for(request.app, waiting.route, **waiting.params)
    return WaitingRead(
        kind=waiting.kind,
        text=waiting.text,
        title=waiting.title,
        since=waiting.since,
        url=f"{url}#{waiting.anchor}" if waiting.anchor else url,
    )


def _link(request: Request, item: FeedItem) -> str:
    return path_for(request.app, item.route, **{f"{item.kind}_id": item.id})


router = APIRouter()
router.include_router(feed)
router.include_router(marks_api.router)
