"""What a person is told: the list with the unread first, the way to each, and the count that follows live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from app.accounts.deps import CurrentUser, OwnTransactions, create_page_router, find_person
from app.core.clock import Now, read_clock
from app.core.db import Session, SessionFactory
from app.core.i18n import gettext as _
from app.core.pagination import Cursor, CursorParam
from app.core.templating import flash, link_next, path_for, redirect, render
from app.notifications import queries, service
from app.notifications.live import Live
from app.notifications.words import find_place, say

router = create_page_router()

UNREAD_SHOWN = 100
READ_SHOWN = 25
STILL_THERE_SECONDS = 25
"""So often an idle stream says that it is still there, before a proxy between takes it for dead."""


@router.get("/notifications")
async def list_notifications(
    request: Request, session: Session, viewer: CurrentUser, cursor: CursorParam = None
) -> Response:
    after = Cursor.decode(cursor)
    read = await queries.list_told(session, viewer, unread=False, cursor=after, limit=READ_SHOWN)
    unread = [] if after else (await queries.list_told(session, viewer, unread=True, limit=UNREAD_SHOWN)).items
    context = {
        "unread_rows": [(told, say(told)) for told in unread],
        "read_rows": [(told, say(told)) for told in read.items],
        "next_url": link_next(request, read.next_cursor),
        "is_first_page": after is None,
    }
    return render(request, "notifications/list.html", context)


@router.post("/notifications/read")
async def mark_notifications_read(request: Request, session: Session, viewer: CurrentUser, now: Now) -> Response:
    await service.mark_all_read(session, viewer, now)
    return flash(redirect(request, "list_notifications"), _("All is marked as read."))


@router.get("/notifications/live")
async def follow_notifications(
    request: Request, factory: OwnTransactions, viewer: CurrentUser, shown: Annotated[int, Query(ge=0)] = 0
) -> StreamingResponse:
    """A stream of how many are unread, from when it is no longer what the page shows; see `Live`."""
    stream = _stream_count(request, factory, viewer.own_id, shown)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/notifications/{notification_id}")
async def open_notification(
    request: Request, notification_id: UUID, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """Go where it leads. It counts as read then, which changes nothing for anybody else."""
    place = find_place(await service.mark_read(session, viewer, notification_id, now))
    path = path_for(request.app, place.route, **place.params)
    return RedirectResponse(f"{path}#{place.anchor}" if place.anchor else path, 303)


@router.post("/notifications/{notification_id}/read")
async def mark_notification_read(
    request: Request, notification_id: UUID, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    await service.mark_read(session, viewer, notification_id, now)
    return redirect(request, "list_notifications")


async def _stream_count(request: Request, factory: SessionFactory, user_id: UUID, shown: int) -> AsyncIterator[str]:
    live: Live = request.app.state.live
    with live.follow(user_id) as news:
        while not live.ended:
            news.clear()
            unread = await _read_count(request, factory)
            if unread is None:
                return
            if unread != shown:
                shown = unread
                yield _write_event(render(request, "notifications/_count.html", {"unread": unread, "live": True}))
            while not news.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), STILL_THERE_SECONDS)
                if not news.is_set():
                    yield ": still there\n\n"


async def _read_count(request: Request, factory: SessionFactory) -> int | None:
    """With the rights the person has by now; None once the browser is signed out."""
    async with factory() as session, session.begin():
        person = await find_person(request, session, read_clock())
        return None if person is None else await queries.count_unread(session, person)


def _write_event(part: Response) -> str:
    return "".join(f"data: {line}\n" for line in bytes(part.body).decode().splitlines()) + "\n"
