"""What comes in and goes out about saved searches."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import one_line

SEARCH_LENGTH = 400
SavedText = Annotated[str, *one_line(SEARCH_LENGTH, least=1)]


class SavedSearchInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    q: SavedText = Field(
        description="Words and operators, as for `/search`.", examples=["reason:champion_left lang:sv"]
    )


class SavedSearchRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    q: str = Field(validation_alias="text")
    created_at: datetime


class SavedSearchList(BaseModel):
    items: list[SavedSearchRead]
