"""What is written about news."""

from uuid import UUID

from pydantic import BaseModel, Field

from app.core.text import ShortText, WrittenLine, WrittenText
from app.practices.schemas import OptionalKey


class NewsForm(BaseModel):
    title: WrittenLine
    text: WrittenText
    obstacle: OptionalKey = None


class PassForm(BaseModel):
    """Which of the teams that the manager leads it is passed on to."""

    teams: list[UUID] = Field(default_factory=list, max_length=200)
    comment: ShortText = ""
