"""What comes in and goes out about comments."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.cases.schemas import Named
from app.comments.models import Comment, CommentMention
from app.core.pagination import PAGE_SIZE, CursorParam, Limit
from app.core.text import WrittenShortText


class CommentForm(BaseModel):
    text: WrittenShortText


class CommentInput(CommentForm):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "@Kari Myhre, ask her about the night shift first."}]}
    )


class CommentQuery(BaseModel):
    cursor: CursorParam = None
    limit: Limit = PAGE_SIZE


class MentionRead(BaseModel):
    """Somebody whom the text names with an @, and who may read it."""

    kind: Literal["person", "team"]
    id: UUID
    written: str = Field(description="The name as it stands in the text.", examples=["Kari Myhre"])

    @classmethod
    def from_mention(cls, mention: CommentMention) -> Self:
        if mention.user_id is not None:
            return cls(kind="person", id=mention.user_id, written=mention.written)
        assert mention.team_id is not None
        return cls(kind="team", id=mention.team_id, written=mention.written)


class CommentRead(BaseModel):
    id: UUID
    text: str
    author: Named
    at: datetime
    edited_at: datetime | None
    mentions: list[MentionRead]

    @classmethod
    def from_comment(cls, comment: Comment) -> Self:
        return cls(
            id=comment.id,
            text=comment.text,
            author=Named(id=comment.author.id, name=comment.author.name),
            at=comment.at,
            edited_at=comment.edited_at,
            mentions=[MentionRead.from_mention(mention) for mention in comment.mentions],
        )


class CommentList(BaseModel):
    items: list[CommentRead]
    next_cursor: str | None
