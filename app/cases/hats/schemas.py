"""What comes in and goes out about hats."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.cases.models import Hat, HatKind, HatStatus
from app.cases.schemas import Named, name_of


class HatForm(BaseModel):
    kind: HatKind = HatKind.SPARRING_PARTNER
    user_id: UUID


class HandOverForm(BaseModel):
    owner_id: UUID


class HatInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[HatKind, Field(examples=["decision_maker"], description="`owner`: asked to take the case over.")]
    user_id: UUID = Field(examples=["01937d2e-5c1a-7b0e-9f51-3f6a2f9f1c11"])


class HandOverInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    owner: UUID = Field(description="Of a user.", examples=["01937d2e-5c1a-7b0e-9f51-3f6a2f9f1c11"])


class HatRead(BaseModel):
    """Who was asked to wear which hat, and what became of it."""

    id: UUID
    kind: HatKind
    user: Named
    status: HatStatus
    asked_by: Named | None
    asked_at: datetime
    answered_at: datetime | None

    @classmethod
    def from_hat(cls, hat: Hat) -> Self:
        return cls(
            id=hat.id,
            kind=hat.kind,
            user=Named(id=hat.user.id, name=hat.user.name),
            status=hat.status,
            asked_by=name_of(hat.asked_by),
            asked_at=hat.asked_at,
            answered_at=hat.answered_at,
        )


class HatList(BaseModel):
    items: list[HatRead]
    next_cursor: str | None = None
