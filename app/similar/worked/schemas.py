"""What programs are answered about moves that were tried."""

from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.similar.scoring import Mode
from app.similar.worked.counting import FEWEST_FOR_SHARE, Result
from app.similar.worked.service import TriedMove


class TriedMoveRead(BaseModel):
    """A move, where it was tried, and how it went there and wherever it was used again."""

    kind: Literal["case", "practice"] = Field(description="What tells of it.")
    id: UUID = Field(description="Of the case, or of the practice where `kind` says so.")
    title: str
    url: str = Field(description="Its page.", examples=["/cases/019aa7a4-6f0e-7d11-8d5c-6b0f6a0c7d10"])
    letter: str = Field(description="Of the plan; empty for the move as a practice tells it.", examples=["B"])
    move: str
    positioning: str
    result: Result = Field(
        description="`left`: it was tried first, and given up for another plan. `lesson`: it was not tried there, but "
        "learned from what failed."
    )
    outcome: str | None = Field(description="Key of the outcome of the case.", examples=["won_b"])
    tried: int = Field(description="In so many cases that are known to have ended, this one and those that used it.")
    worked: int = Field(description="In so many of them it worked.")
    share: float | None = Field(
        description=f"Of the tries that worked, 0 to 1. Nothing below {FEWEST_FOR_SHARE} tries: too few to tell.",
        examples=[0.75],
    )
    reasons: list[str] = Field(description="Why the case is similar.", examples=[["Same obstacle: Champion left"]])
    basis_case_id: UUID | None = Field(description="To be sent with a plan that starts from this move.")
    basis_practice_id: UUID | None = Field(description="The same, for a move that a practice tells.")

    @classmethod
    def from_move(cls, move: TriedMove, url: str) -> Self:
        match = move.match
        return cls(
            kind="case" if move.letter else "practice",
            id=match.case_id if move.letter else match.id,
            title=move.title,
            url=url,
            letter=move.letter,
            move=move.move,
            positioning=move.positioning,
            result=move.result,
            outcome=match.outcome.key if match.outcome else None,
            tried=move.tally.tried,
            worked=move.tally.worked,
            share=move.tally.share,
            reasons=match.list_reasons(),
            basis_case_id=move.basis_case_id,
            basis_practice_id=move.basis_practice_id,
        )


class WhatWorkedList(BaseModel):
    """Moves that were tried in similar closed cases, those of the most similar case first."""

    mode: Mode = Field(description="`keywords` while the language model is loading or missing.")
    items: list[TriedMoveRead]
