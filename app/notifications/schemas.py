"""What comes in and goes out about notifications."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.pagination import PAGE_SIZE, CursorParam, Limit
from app.notifications.models import Kind
from app.notifications.queries import Told
from app.notifications.words import say


class NotificationQuery(BaseModel):
    unread: bool | None = Field(None, description="Only those that are not read yet, or only those that are.")
    cursor: CursorParam = None
    limit: Limit = PAGE_SIZE


class NotificationRead(BaseModel):
    """Something that a person is told."""

    id: UUID
    kind: Kind
    at: datetime
    read_at: datetime | None
    text: str = Field(examples=["Mona Berg answered your question"], description="In the reader's language.")
    title: str = Field(description="Of the case or practice; empty where a hat is asked for on a case not open yet.")
    by: str | None = Field(description="Who did it, by name.")
    case_id: UUID
    practice_id: UUID | None
    url: str = Field(description="Leads the person to it and marks it as read.")

    @classmethod
    def from_told(cls, told: Told, url: str) -> Self:
        return cls(
            id=told.id,
            kind=told.kind,
            at=told.at,
            read_at=told.read_at,
            text=say(told),
            title=told.title,
            by=told.actor,
            case_id=told.case_id,
            practice_id=told.practice_id,
            url=url,
        )


class NotificationList(BaseModel):
    items: list[NotificationRead]
    next_cursor: str | None
    unread: int = Field(description="How many are not read, 100 at the most.")


class UnreadCount(BaseModel):
    unread: int
