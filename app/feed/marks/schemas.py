"""What comes in and goes out about what people follow and bookmark."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import one_line
from app.feed.marks.queries import Marked
from app.feed.models import TAG_LENGTH, Purpose, SubjectKind

SubjectKey = Annotated[str, *one_line(TAG_LENGTH, least=1)]


class MarkForm(BaseModel):
    purpose: Purpose = Purpose.FOLLOW
    kind: SubjectKind
    key: SubjectKey
    wanted: bool = True
    """False takes the mark away."""


class MarkInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    purpose: Purpose = Field(Purpose.FOLLOW, description="Only cases and practices can be bookmarked.")
    kind: SubjectKind = Field(examples=["obstacle"])
    key: SubjectKey = Field(
        description="The id of a person, a team, a case or a practice; the key of an obstacle; a tag.",
        examples=["champion_left"],
    )


class MarkRead(BaseModel):
    id: UUID
    purpose: Purpose
    kind: SubjectKind
    key: str = Field(description="An id, the key of an obstacle, or a tag in lower case.")
    name: str
    at: datetime

    @classmethod
    def from_marked(cls, marked: Marked) -> Self:
        subject = marked.subject
        return cls(
            id=marked.mark.id,
            purpose=marked.mark.purpose,
            kind=subject.kind,
            key=subject.key,
            name=subject.name,
            at=marked.mark.at,
        )


class MarkList(BaseModel):
    items: list[MarkRead]
