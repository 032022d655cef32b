"""The feed for programs."""

from typing import Annotated

from fastapi import Query, Request

from app.accounts.deps import CurrentViewer, create_api_router
from app.core.db import Session
from app.core.pagination import Cursor
from app.feed import queries
from app.feed.queries import FeedItem
from app.feed.schemas import FeedItemRead, FeedQuery, FeedRead
from app.practices.queries import refuse_unknown_codes

router = create_api_router("feed")


@router.get("/feed", operation_id="read_feed", summary="Practices and newly resolved cases, last surfaced first")
async def read_feed(
    request: Request, query: Annotated[FeedQuery, Query()], session: Session, viewer: CurrentViewer
) -> FeedRead:
    """A case and its practice appear once, as the practice. Ranked by reuse that is known to have worked."""

    def link(item: FeedItem) -> str:
        if item.practice:
            return str(request.app.url_path_for("practice_detail", practice_id=str(item.practice.id)))
        return str(request.app.url_path_for("case_detail", case_id=str(item.case.id)))

    filters = query.list_filters()
    await refuse_unknown_codes(session, filters)
    page = await queries.list_feed(session, viewer, cursor=Cursor.decode(query.cursor), limit=query.limit, **filters)
    return FeedRead(items=[FeedItemRead.from_item(item, link) for item in page.items], next_cursor=page.next_cursor)
