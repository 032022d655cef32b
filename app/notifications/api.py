"""Notifications for programs; each needs a person, so a key acts as one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from app.accounts.deps import CurrentViewer, create_api_router
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.pagination import Cursor
from app.core.templating import path_for
from app.notifications import queries, service
from app.notifications.queries import Told
from app.notifications.schemas import NotificationList, NotificationQuery, NotificationRead, UnreadCount

router = create_api_router("notifications")


@router.get("/notifications", operation_id="list_notifications", summary="What the person is told, newest first")
async def list_notifications(
    request: Request, query: Annotated[NotificationQuery, Query()], session: Session, viewer: CurrentViewer
) -> NotificationList:
    """Kept for 90 days. What the person may not see any more is neither listed nor counted."""
    viewer.person_id  # noqa: B018 - refuses a program that acts for itself.
    cursor = Cursor.decode(query.cursor)
    page = await queries.list_told(session, viewer, unread=query.unread, cursor=cursor, limit=query.limit)
    return NotificationList(
        items=[_answer(request, told) for told in page.items],
        next_cursor=page.next_cursor,
        unread=await queries.count_unread(session, viewer),
    )


@router.post(
    "/notifications/{notification_id}/read",
    operation_id="mark_notification_read",
    summary="Mark as read",
    responses=document_errors(404, 409),
)
async def mark_read(
    request: Request, notification_id: UUID, session: Session, viewer: CurrentViewer, now: Now
) -> NotificationRead:
    """Marked again, it keeps the time of the first."""
    return _answer(request, await service.mark_read(session, viewer, notification_id, now))


@router.post(
    "/notifications/read",
    operation_id="mark_notifications_read",
    summary="Mark all as read",
    responses=document_errors(409),
)
async def mark_all_read(session: Session, viewer: CurrentViewer, now: Now) -> UnreadCount:
    await service.mark_all_read(session, viewer, now)
    return UnreadCount(unread=await queries.count_unread(session, viewer))


def _answer(request: Request, told: Told) -> NotificationRead:
    return NotificationRead.from_told(told, path_for(request.app, "open_notification", notification_id=told.id))
