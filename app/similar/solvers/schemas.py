"""What comes in and goes out when somebody asks who solved an earlier case."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.cases.questions.schemas import QuestionRead
from app.core.text import WrittenShortText


class SolverQuestionForm(BaseModel):
    text: WrittenShortText


class SolverQuestionInput(SolverQuestionForm):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "How did you get to the one who took over?"}]}
    )

    asking_case_id: UUID | None = Field(None, description="The case that the match was shown for, if there is one.")


class SolverQuestionRead(BaseModel):
    """A question to whoever solved a case."""

    case_id: UUID = Field(description="The case it was asked on.")
    question: QuestionRead
