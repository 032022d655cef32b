"""What comes in and goes out about how a case ended."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.cases.plans.schemas import MAX_PLANS
from app.cases.schemas import Key
from app.cases.workflow import State
from app.core.text import Text

STILL_OPEN = "still_open"
"""The answer that is not an end: it asks for a new day."""

Letter = Annotated[str, StringConstraints(pattern=r"^[A-F]$")]


class OutcomeForm(BaseModel):
    """What a seller tells. The judged objections come beside it, as their number varies."""

    outcome: Key = Field(description="Key of a code of kind `outcome`.", examples=["won_a"])
    plan: Letter | None = Field(None, description="The plan that was used.", examples=["A"])
    worked: Text = Field("", examples=["She recognised her own figures, and took them to the board herself."])
    not_worked: Text = Field("", examples=["Mail. She reads it on Fridays."])
    current_state: Text = Field("", examples=["Signed for two boats, option for six."])
    follow_up_on: date | None = Field(
        None, description="When to ask again; needed with `still_open`.", examples=["2026-12-14"]
    )


class Judgement(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(description="Of the objection.")
    was_right: bool


class OutcomeInput(OutcomeForm):
    model_config = ConfigDict(extra="forbid")

    objections: list[Judgement] = Field(
        default_factory=list, max_length=MAX_PLANS * 100, description="Was each objection right?", examples=[[]]
    )


class OutcomeRead(BaseModel):
    """How it ended or, with `still_open`, how it stands and when the owner is asked again."""

    case_id: UUID
    state: State = Field(examples=["resolved"])
    outcome: str = Field(examples=["won_a"])
    plan: str | None = Field(examples=["A"])
    worked: str
    not_worked: str
    current_state: str
    resolved_at: datetime | None
    follow_up_on: date | None
