"""What goes out about the feed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.cases.schemas import Named, name_of
from app.core.pagination import PAGE_SIZE, CursorParam, Limit
from app.feed.queries import FeedItem
from app.practices.models import Trust
from app.practices.schemas import FeedFilter

SUMMARY_LENGTH = 280


class FeedQuery(FeedFilter):
    cursor: CursorParam = None
    limit: Limit = PAGE_SIZE

    def list_filters(self) -> dict[str, Any]:
        return self.model_dump(include=set(FeedFilter.model_fields))


class FeedItemRead(BaseModel):
    kind: Literal["practice", "case"]
    id: UUID = Field(description="Of the practice or of the case.")
    at: datetime = Field(description="When it was resolved or shared, or last worked for a colleague.")
    title: str
    summary: str = Field(description="When to use the practice, or what worked in the case.")
    obstacles: list[str] = Field(examples=[["champion_left"]])
    outcome: str | None = Field(examples=["won_b"])
    language: str = Field(examples=["nb"])
    person: Named = Field(description="Who solved it.")
    team: Named | None
    trust: Trust | None = Field(description="Of a practice.")
    tried: int
    worked: int
    url: str = Field(description="Where people read it.")

    @classmethod
    def from_item(cls, item: FeedItem, link: Callable[[FeedItem], str]) -> "FeedItemRead":
        case, practice = item.case, item.practice
        person = practice.solver if practice else case.owner
        return cls(
            kind="practice" if practice else "case",
            id=practice.id if practice else case.id,
            at=item.at,
            title=practice.title if practice else case.title,
            summary=(practice.when_to_use if practice else case.outcome_worked)[:SUMMARY_LENGTH],
            obstacles=[obstacle.code.key for obstacle in case.obstacles],
            outcome=case.outcome.key if case.outcome else None,
            language=practice.language if practice else case.language,
            person=Named(id=person.id, name=person.name),
            team=name_of(practice.team if practice else case.team),
            trust=practice.trust if practice else None,
            tried=item.counts.tried,
            worked=item.counts.worked,
            url=link(item),
        )


class FeedRead(BaseModel):
    items: list[FeedItemRead]
    next_cursor: str | None
