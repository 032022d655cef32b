"""What comes in and goes out about exports."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.cases.schemas import Named, name_of
from app.core.text import drop_blank
from app.exports.models import Export, Scope


class ExportForm(BaseModel):
    scope: Scope
    user_id: Annotated[UUID | None, BeforeValidator(drop_blank)] = None


class ExportInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    scope: Scope = Field(examples=["organisation"], description="Everything, or what one person wrote.")
    user_id: UUID | None = Field(None, description="The person; left out, the user whom the program acts as.")


class ExportRead(BaseModel):
    id: UUID
    scope: Scope
    user: Named | None = Field(description="Whose data, for the scope `person`.")
    created_at: datetime
    expires_at: datetime = Field(description="When the file is deleted.")
    total: int = Field(description="Rows to be written.")
    done: int
    finished_at: datetime | None = Field(description="Once this is set the file can be fetched.")
    size: int = Field(description="Of the file, in bytes.")

    @classmethod
    def from_export(cls, export: Export) -> "ExportRead":
        names = ("id", "scope", "created_at", "expires_at", "total", "done", "finished_at", "size")
        return cls(user=name_of(export.user), **{name: getattr(export, name) for name in names})


class ExportList(BaseModel):
    items: list[ExportRead]
    next_cursor: str | None
