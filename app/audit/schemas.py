"""The audit trail for programs."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.audit.queries import Entry
from app.audit.view import Channel, find_channel
from app.cases.schemas import Named
from app.core.pagination import Page


class AuditEventRead(BaseModel):
    """Somebody did something at some time."""

    id: UUID
    at: datetime
    user: Named | None = Field(description="The person, or whom a program acted as.")
    client: Named | None = Field(description="The program, if one did it.")
    channel: Channel = Field(description="The kind of client: a browser, a program, or the command line of the site.")
    action: str = Field(examples=["question.asked"])
    subject_id: UUID | None = Field(description="What it was done to.")
    case_id: UUID | None = Field(description="The case it belongs to.")
    details: dict[str, str] = Field(examples=[{"plan": "A", "fields": "move, steps"}])

    @classmethod
    def from_entry(cls, entry: Entry) -> "AuditEventRead":
        return cls(
            user=Named(id=entry.user_id, name=entry.user_name) if entry.user_id and entry.user_name else None,
            client=Named(id=entry.client_id, name=entry.client_name) if entry.client_id and entry.client_name else None,
            channel=find_channel(entry),
            **{name: getattr(entry, name) for name in ("id", "at", "action", "subject_id", "case_id", "details")},
        )


class AuditEventList(BaseModel):
    items: list[AuditEventRead]
    next_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[Entry]) -> "AuditEventList":
        return cls(items=[AuditEventRead.from_entry(entry) for entry in page.items], next_cursor=page.next_cursor)
