"""What comes in and goes out about matches that did not help."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.i18n import N_
from app.core.text import ShortText
from app.similar.models import FeedbackReason, MatchFeedback
from app.similar.shown import Shown

REASON_NAMES: Mapping[FeedbackReason, str] = {
    FeedbackReason.OTHER_OBSTACLE: N_("It is stuck for another reason"),
    FeedbackReason.OTHER_CUSTOMER: N_("It is another kind of customer"),
    FeedbackReason.OUTCOME_UNCLEAR: N_("It does not say what came of it"),
    FeedbackReason.OUT_OF_DATE: N_("It is out of date"),
    FeedbackReason.OTHER: N_("Something else"),
}
"""In the order they are offered."""


class FeedbackForm(BaseModel):
    reason: FeedbackReason
    words: ShortText = ""


class FeedbackInput(FeedbackForm):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "other_obstacle"}]})

    words: ShortText = Field("", examples=["They never had a champion."])
    asking_case_id: UUID | None = Field(None, description="The case that the match was shown for, if there is one.")


class FeedbackRead(BaseModel):
    """Why a match did not help. The same person's newer reason for the same pair replaces it."""

    match_id: UUID
    asking_case_id: UUID | None
    reason: FeedbackReason = Field(examples=["other_obstacle"])
    words: str
    at: datetime

    @classmethod
    def from_feedback(cls, feedback: MatchFeedback, shown: Shown) -> Self:
        return cls(
            match_id=shown.id,
            asking_case_id=feedback.asking_case_id,
            reason=feedback.reason,
            words=feedback.words,
            at=feedback.at,
        )
