"""What comes in and goes out about links between cases."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.cases.schemas import Named
from app.cases.workflow import State
from app.core.text import WrittenShortText
from app.links.models import LinkKind
from app.links.queries import Linked


class LinkForm(BaseModel):
    kind: LinkKind
    other_id: UUID


class LinkInput(LinkForm):
    model_config = ConfigDict(extra="forbid")

    kind: LinkKind = Field(description="What this case is to the other.", examples=["follows_from"])
    other_id: UUID = Field(description="A case that you may read.", examples=["019aa7a4-6f0e-7d11-8d5c-6b0f6a0c7d10"])


class JoinForm(BaseModel):
    text: WrittenShortText
    draft: UUID | None = None
    drop_draft: bool = False


class LinkRead(BaseModel):
    id: UUID
    kind: LinkKind
    from_here: bool = Field(description="Whether `kind` is what this case is to the other, or the other way about.")
    case_id: UUID = Field(description="Of the other case.")
    title: str
    state: State
    made_by: Named | None

    @classmethod
    def from_linked(cls, linked: Linked) -> Self:
        made_by = Named(id=linked.made_by_id, name=linked.made_by or "") if linked.made_by_id else None
        return cls(
            id=linked.id,
            kind=linked.kind,
            from_here=linked.from_here,
            case_id=linked.case_id,
            title=linked.title,
            state=linked.state,
            made_by=made_by,
        )


class LinkList(BaseModel):
    items: list[LinkRead]
