"""What comes in and goes out about moves."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.cases.models import CaseMove
from app.cases.schemas import Named, name_of
from app.cases.workflow import State
from app.core.text import WrittenText


class ReasonForm(BaseModel):
    reason: WrittenText


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: WrittenText = Field(examples=["The customer was bought by another group."])


class MoveRead(BaseModel):
    """One change of state."""

    id: UUID
    from_state: State
    to_state: State
    by: Named | None = Field(description="Nobody when a program did it for itself.")
    at: datetime
    note: str

    @classmethod
    def from_move(cls, move: CaseMove) -> Self:
        return cls(
            id=move.id,
            from_state=move.from_state,
            to_state=move.to_state,
            by=name_of(move.user),
            at=move.at,
            note=move.note,
        )


class MoveList(BaseModel):
    items: list[MoveRead]
    next_cursor: str | None = None
