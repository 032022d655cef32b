"""Revisions for programs."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.cases.models import RevisionKind
from app.cases.schemas import Named, name_of
from app.core.pagination import Page
from app.revisions.diff import Op
from app.revisions.queries import RevisionRow
from app.revisions.view import list_changes


class PieceRead(BaseModel):
    op: Op
    text: str


class ChangeRead(BaseModel):
    """What happened to one text: its pieces in reading order, so that those not removed are the text as it became."""

    field: str = Field(examples=["situation"])
    pieces: list[PieceRead]


class RevisionRead(BaseModel):
    """All texts of a story, an outcome, a plan, an answer or a practice as somebody left them."""

    id: UUID
    kind: RevisionKind
    subject_id: UUID = Field(
        description="The plan, the question, the objection or the practice; of story and outcome, the case."
    )
    plan: str | None = Field(description="The letter of the plan.", examples=["A"])
    at: datetime
    user: Named | None = Field(description="Nobody, when a program did it for itself.")
    latest: bool = Field(description="It is how the text stands now.")
    texts: dict[str, str] = Field(examples=[{"move": "Call the CFO.", "steps": "Find the number\nCall"}])
    changes: list[ChangeRead] = Field(description="Empty for the first.")

    @classmethod
    def from_row(cls, row: RevisionRow) -> Self:
        revision = row.revision
        return cls(
            id=revision.id,
            kind=revision.kind,
            subject_id=revision.subject_id,
            plan=row.plan.letter if row.plan else None,
            at=revision.at,
            user=name_of(revision.user),
            latest=row.is_latest,
            texts=revision.texts,
            changes=[
                ChangeRead(
                    field=change.field, pieces=[PieceRead(op=piece.op, text=piece.text) for piece in change.pieces]
                )
                for change in list_changes(row)
            ],
        )


class RevisionList(BaseModel):
    items: list[RevisionRead]
    next_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[RevisionRow]) -> Self:
        return cls(items=[RevisionRead.from_row(row) for row in page.items], next_cursor=page.next_cursor)


class RestoreInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    confirm_names: bool = Field(
        False, description="Restore although names or numbers were found in the text.", examples=[False]
    )


class RestoreForm(BaseModel):
    confirm_names: bool = False
