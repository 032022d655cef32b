"""What comes in and goes out about questions."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.cases.models import Question
from app.cases.schemas import Named, name_of
from app.core.text import WrittenShortText, WrittenText


class QuestionForm(BaseModel):
    text: WrittenShortText
    addressed_to_id: UUID | None = None


class AnswerForm(BaseModel):
    answer: WrittenText


class SkipForm(BaseModel):
    skip_questions_reason: WrittenShortText


class QuestionInput(QuestionForm):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "Who signs now that the operations manager is gone?"}]}
    )


class AnswerInput(AnswerForm):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"answer": "The CFO, until August. She asked about downtime."}]}
    )


class SkipInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: WrittenShortText = Field(examples=["We spent an hour on it in the team meeting."])


class QuestionRead(BaseModel):
    """A question and its answer."""

    id: UUID
    text: str
    asked_by: Named
    asked_at: datetime
    addressed_to: Named | None = Field(description="Nobody means the owner of the case.")
    answer: str
    answered_by: Named | None
    answered_at: datetime | None

    @classmethod
    def from_question(cls, question: Question) -> Self:
        return cls(
            id=question.id,
            text=question.text,
            asked_by=Named(id=question.asked_by.id, name=question.asked_by.name),
            asked_at=question.asked_at,
            addressed_to=name_of(question.addressed_to),
            answer=question.answer,
            answered_by=name_of(question.answered_by),
            answered_at=question.answered_at,
        )


class QuestionList(BaseModel):
    items: list[QuestionRead]
    next_cursor: str | None = None
