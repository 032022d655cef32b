"""What goes out about the feed."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.cases.schemas import Named
from app.cases.waiting import WaitingKind
from app.core.pagination import PAGE_SIZE, CursorParam, Limit
from app.feed.queries import FeedItem, ItemKind
from app.feed.scopes import Scope
from app.practices.models import Trust
from app.practices.schemas import FeedFilter


class FeedQuery(FeedFilter):
    scope: Scope = Field(
        Scope.EVERYTHING,
        description="`me`: what you follow, and the obstacles of your open cases; `teams`: your teams'.",
    )
    cursor: CursorParam = None
    limit: Limit = PAGE_SIZE

    def list_filters(self) -> dict[str, Any]:
        return self.model_dump(include=set(FeedFilter.model_fields))


class FeedItemRead(BaseModel):
    kind: ItemKind = Field(description="`news`: from above, passed on by a manager.")
    id: UUID = Field(description="Of the practice, of the case or of the news.")
    at: datetime = Field(description="When it was resolved or shared, or last worked for a colleague.")
    title: str
    summary: str = Field(description="The beginning of when to use the practice, or of what worked.")
    obstacles: list[str] = Field(examples=[["champion_left"]])
    outcome: str | None = Field(examples=["won_b"])
    language: str = Field(examples=["nb"])
    person: Named = Field(description="Who solved it.")
    team: Named | None
    trust: Trust | None = Field(description="Of a practice.")
    tried: int
    worked: int
    passed_by: str | None = Field(description="Of news: the manager who passed it on to your team, by name.")
    comment: str | None = Field(description="What that manager says about it.")
    url: str = Field(description="Where people read it.")

    @classmethod
    def from_item(cls, item: FeedItem, url: str) -> Self:
        return cls(
            kind=item.kind,
            id=item.id,
            at=item.at,
            title=item.title,
            summary=item.summary,
            obstacles=[code.key for code in item.obstacles],
            outcome=item.outcome.key if item.outcome else None,
            language=item.language,
            person=Named(id=item.person.id, name=item.person.name),
            team=Named(id=item.team.id, name=item.team.name) if item.team else None,
            trust=item.trust,
            tried=item.counts.tried,
            worked=item.counts.worked,
            passed_by=item.passed_by,
            comment=item.comment,
            url=url,
        )


class FeedRead(BaseModel):
    items: list[FeedItemRead]
    next_cursor: str | None


class WaitingRead(BaseModel):
    kind: WaitingKind
    text: str = Field(description="What to do, in your language.", examples=["Answer Bob Fjord"])
    title: str = Field(description="Of the case or the practice; empty while you may not read it.")
    since: datetime
    url: str = Field(description="Where people do it.")


class WaitingList(BaseModel):
    items: list[WaitingRead]
