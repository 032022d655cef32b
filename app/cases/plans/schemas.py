"""What comes in and goes out about plans: the fields of the API, and the forms of the pages."""

from collections.abc import Collection
from datetime import date, datetime
from itertools import zip_longest
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.cases.models import Effort, Objection, Plan, PlanStep
from app.cases.schemas import Key, Named, name_of
from app.core.text import ShortText, WrittenShortText, drop_blank, one_line

MAX_PLANS = 6
MAX_STEPS = 20
STEP_LIMIT = 500
LETTERS = "ABCDEF"


StepLine = Annotated[str, *one_line(STEP_LIMIT)]
"""One line of at most 500 characters; may be empty."""

StepText = Annotated[str, *one_line(STEP_LIMIT, least=1)]
"""One line of 1 to 500 characters."""

API_INPUT = ConfigDict(extra="forbid")


class StepInput(BaseModel):
    model_config = API_INPUT

    id: UUID | None = Field(None, description="Of a step that stays; it keeps whether it is done.")
    text: StepText = Field(examples=["Call the CFO before lunch"])
    owner_id: UUID | None = Field(None, description="Who does it.")
    due_on: date | None = Field(None, examples=["2026-12-04"])


class PlanFields(BaseModel):
    """What a plan says, besides its steps."""

    positioning: ShortText = Field("", examples=["These are the figures your own operations manager arrived at."])
    good_customer: ShortText = Field("", examples=["She need not start over."])
    bad_customer: ShortText = Field("", examples=["She has to read a sheet she did not ask for."])
    good_us: ShortText = Field("", examples=["An owner who can sign."])
    bad_us: ShortText = Field("", examples=["Takes two weeks."])
    effort: Effort | None = Field(None, examples=["small"])
    switch_rule: ShortText = Field("", examples=["No yes to a meeting."])
    switch_on: date | None = Field(None, examples=["2026-12-02"])


class PlanCreate(PlanFields):
    model_config = API_INPUT

    move: WrittenShortText = Field(examples=["Give the CFO the calculation, with his own figures, on one page."])
    steps: list[StepInput] = Field(default_factory=list, max_length=MAX_STEPS)
    skip_questions_reason: ShortText = Field("", description="Needed while fewer than two questions are answered.")
    basis_practice_id: UUID | None = Field(None, description="The practice this plan was started from.")
    basis_case_id: UUID | None = Field(None, description="The earlier case this plan was started from.")


class PlanPatch(PlanFields):
    """Fields that are left out stay. `steps` replaces all steps; those named by id keep whether they are done."""

    model_config = API_INPUT

    move: WrittenShortText = Field("", examples=["Let the pilot boat's captain tell the board."])
    steps: list[StepInput] = Field(default_factory=list, max_length=MAX_STEPS)


class ChoiceInput(BaseModel):
    model_config = API_INPUT

    reason: WrittenShortText = Field(examples=["The CFO owns the budget until August, and asked about downtime."])
    follow_up_on: date | None = Field(
        None, description="When the owner is asked how it went; else the switch date, or in 14 days.", examples=[None]
    )


class ObjectionInput(BaseModel):
    model_config = API_INPUT

    kind: Key = Field(description="Key of a code of kind `objection`.", examples=["tried_before"])
    text: WrittenShortText = Field(examples=["We sent them a calculation in May, and nobody read it."])


class AnswerInput(BaseModel):
    model_config = API_INPUT

    answer: WrittenShortText = Field(examples=["In May it was our calculation. This one is theirs."])


class EarlierCaseInput(BaseModel):
    model_config = API_INPUT

    case_id: UUID | None = Field(
        description="The case in which it was tried before; null takes the name back.",
        examples=["019aa7a4-6f0e-7d11-8d5c-6b0f6a0c7d10"],
    )


class PlanForm(PlanFields):
    """The plan form: its steps come as parallel lists, one element a row, so that it works without JavaScript."""

    move: WrittenShortText
    step_id: list[Annotated[UUID | None, BeforeValidator(drop_blank)]] = Field(default_factory=list)
    step_text: list[StepLine] = Field(default_factory=list)
    step_owner: list[Annotated[UUID | None, BeforeValidator(drop_blank)]] = Field(default_factory=list)
    step_due: list[Annotated[date | None, BeforeValidator(drop_blank)]] = Field(default_factory=list)
    skip_questions_reason: ShortText = ""
    basis_practice_id: UUID | None = None
    basis_case_id: UUID | None = None
    version: int = 0

    def list_steps(self) -> list[StepInput]:
        """The rows that say something."""
        rows = zip_longest(self.step_text, self.step_id, self.step_owner, self.step_due)
        return [
            StepInput(id=step_id, text=text, owner_id=owner, due_on=due) for text, step_id, owner, due in rows if text
        ]

    def to_create(self) -> PlanCreate:
        fields = self.model_dump(include=set(PlanCreate.model_fields) - {"steps"})
        return PlanCreate(**fields, steps=self.list_steps())

    def to_patch(self) -> PlanPatch:
        fields = self.model_dump(include=set(PlanPatch.model_fields) - {"steps"})
        return PlanPatch(**fields, steps=self.list_steps())


class StepRead(BaseModel):
    id: UUID
    text: str
    owner: Named | None
    due_on: date | None
    done_at: datetime | None

    @classmethod
    def from_step(cls, step: PlanStep) -> "StepRead":
        return cls(id=step.id, text=step.text, owner=name_of(step.owner), due_on=step.due_on, done_at=step.done_at)


class ObjectionRead(BaseModel):
    id: UUID
    kind: str = Field(examples=["tried_before"])
    text: str
    raised_by: Named | None
    raised_at: datetime
    answer: str
    answered_by: Named | None
    answered_at: datetime | None
    was_right: bool | None = Field(description="Judged when the outcome is known.")
    earlier_case_id: UUID | None = Field(
        description="In which it was tried before. Given only to those who may see that case."
    )

    @classmethod
    def from_objection(cls, objection: Objection, visible: Collection[UUID] = ()) -> "ObjectionRead":
        """`visible` are those of the named cases that the reader may see."""
        return cls(
            id=objection.id,
            kind=objection.kind.key,
            text=objection.text,
            raised_by=name_of(objection.raised_by),
            raised_at=objection.raised_at,
            answer=objection.answer,
            answered_by=name_of(objection.answered_by),
            answered_at=objection.answered_at,
            was_right=objection.was_right,
            earlier_case_id=objection.earlier_case_id if objection.earlier_case_id in visible else None,
        )


class PlanRead(PlanFields):
    id: UUID
    case_id: UUID
    letter: str = Field(examples=["A"])
    version: int
    chosen: bool
    author: Named | None
    move: str
    steps: list[StepRead]
    objections: list[ObjectionRead]
    basis_practice_id: UUID | None
    basis_case_id: UUID | None = Field(description="Given only to those who may see that case.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_plan(cls, plan: Plan, *, chosen: bool, visible: Collection[UUID]) -> "PlanRead":
        """`visible` are those of the cases it names that the reader may see."""
        return cls(
            **{name: getattr(plan, name) for name in PlanFields.model_fields},
            id=plan.id,
            case_id=plan.case_id,
            letter=plan.letter,
            version=plan.version,
            chosen=chosen,
            author=name_of(plan.author),
            move=plan.move,
            steps=[StepRead.from_step(step) for step in plan.steps],
            objections=[ObjectionRead.from_objection(objection, visible) for objection in plan.objections],
            basis_practice_id=plan.basis_practice_id,
            basis_case_id=plan.basis_case_id if plan.basis_case_id in visible else None,
            created_at=plan.created_at,
            updated_at=plan.updated_at,
        )


class PlanList(BaseModel):
    items: list[PlanRead]
    next_cursor: str | None = None


class ChoiceRead(BaseModel):
    """What was chosen, and when the owner is asked how it went."""

    case_id: UUID
    state: str = Field(examples=["trying"])
    plan_id: UUID
    letter: str = Field(examples=["A"])
    reason: str
    chosen_at: datetime
    follow_up_on: date
