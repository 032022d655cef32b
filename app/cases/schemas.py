"""What comes in and goes out about cases: one set of fields for the forms of pages and for the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.cases.models import Case, Code, CodeKind, Visibility
from app.cases.workflow import Missing, Move, State
from app.core.i18n import gettext as _
from app.core.text import Line, Text, one_line, refuse_control_characters
from app.deals.schemas import DealFacts, DealFields

TAG_LIMIT = 60
TAGS_LIMIT = 10
OBSTACLES_LIMIT = 10


def _split_tags(value: Any) -> Any:
    """Tags as typed, `rederi, anbud`, or as a list; each once, in the order given."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return value
    tags = [part.strip() for text in texts for part in text.split(",")]
    return list(dict.fromkeys(tag for tag in tags if tag))


def _drop_repeated(keys: list[str]) -> list[str]:
    return list(dict.fromkeys(keys))


Language = Literal["nb", "sv", "en"]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=254), AfterValidator(refuse_control_characters)]
"""An id or an e-mail; see `drafts.api.find_owner`."""
Tag = Annotated[str, *one_line(TAG_LIMIT, least=1)]


class StoryFields(BaseModel):
    """The story: what stands in the way, and what was tried."""

    title: Line = Field("", examples=["Champion left before the board met"])
    obstacles: Annotated[list[Key], Field(max_length=OBSTACLES_LIMIT), AfterValidator(_drop_repeated)] = Field(
        default_factory=list, examples=[["champion_left"]], description="Keys of obstacle codes, the main one first."
    )
    obstacle_words: Text = ""
    situation: Text = Field("", examples=["The operations manager wanted it and left before the board met."])
    worked: Text = ""
    not_worked: Text = ""
    current_state: Text = ""
    desired_state: Text = Field("", examples=["A meeting with the new budget owner before Christmas."])


class PlacingFields(BaseModel):
    """Where the case belongs, and who may see it."""

    industry: Key | None = Field(None, examples=["maritime_aquaculture"])
    stage: Key | None = Field(None, examples=["proposal"])
    product: Line = Field("", examples=["Rutekart"])
    tags: Annotated[list[Tag], BeforeValidator(_split_tags), Field(max_length=TAGS_LIMIT)] = Field(
        default_factory=list, examples=[["shipping"]]
    )
    language: Language | None = Field(None, description="Of the text; nothing means: detect it.")
    visibility: Visibility = Visibility.TEAM
    team_id: UUID | None = Field(None, description="Left out, the owner's first team.")


class SectionForm(BaseModel):
    """A part of the case on a page: every field is sent, so an empty one clears what stood there."""

    version: int = 0

    def list_changes(self) -> dict[str, Any]:
        """The fields. A case keeps its team: a form without one comes from somebody who is in none."""
        changes = self.model_dump(exclude={"version", "action"})
        return {name: value for name, value in changes.items() if name != "team_id" or value is not None}


class StoryForm(StoryFields, SectionForm):
    pass


class DealForm(DealFields, SectionForm):
    pass


class PlacingForm(PlacingFields, SectionForm):
    pass


class NameFields(BaseModel):
    """Whether colleagues see who posts the case."""

    anonymous: bool = Field(
        False,
        description="Posted by its owner, a case then names no one: “Anonymous colleague” stands in the owner's place,"
        " and only the owner's own managers read on its page who it is. Decided while it is a draft.",
    )


class DraftForm(StoryForm, DealForm, PlacingForm, NameFields):
    """The whole case on one page."""

    action: Literal["save", "post"] = "save"


class DealInput(DealFacts):
    model_config = ConfigDict(extra="forbid")


class CasePatch(StoryFields, PlacingFields, NameFields):
    """Fields to change; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    customer: Line = Field("", examples=["Fjordlinja Rederi AS"])
    deal: DealInput = Field(default_factory=DealInput)

    def list_changes(self) -> dict[str, Any]:
        """The given fields, those of the deal beside the others."""
        changes = self.model_dump(exclude_unset=True, exclude={"owner", "deal"})
        return changes | self.deal.model_dump(exclude_unset=True)


class CaseInput(CasePatch):
    """A new draft."""

    owner: PersonName | None = Field(
        None,
        description="Id or e-mail of the seller responsible; needed from a program that acts for nobody.",
        examples=["kari@nordavind.example"],
    )


class Named(BaseModel):
    """A person or a team."""

    id: UUID
    name: str


class DealRead(DealFacts):
    """The deal's facts; `amount` is a decimal string."""


class MissingRead(BaseModel):
    field: str = Field(examples=["desired_state"])
    message: str = Field(examples=["Say what you want to achieve."])

    @classmethod
    def from_missing(cls, missing: Missing) -> Self:
        return cls(field=missing.field, message=_(missing.message))


class NextMove(BaseModel):
    """The next move of the case, and what it still needs."""

    move: Move | None = Field(examples=["create"])
    missing: list[MissingRead]


class CaseSummary(BaseModel):
    """A case in a list."""

    id: UUID
    version: int
    state: State
    title: str
    customer: str
    obstacles: list[str] = Field(examples=[["champion_left"]])
    industry: str | None
    stage: str | None
    product: str
    tags: list[str]
    language: str
    visibility: Visibility
    anonymous: bool = Field(description="Whether it was posted without a name.")
    owner: Named
    team: Named | None
    outcome: str | None = Field(examples=["won_a"])
    awaits: str | None = Field(examples=["answer"], description="What the case waits for.")
    created_at: datetime
    updated_at: datetime
    posted_at: datetime | None
    moved_at: datetime
    url: str = Field(description="Where people read it.", examples=["/cases/019ab3f0-0000-7000-8000-000000000000"])


class CaseRead(CaseSummary):
    """The whole case."""

    situation: str
    obstacle_words: str
    worked: str
    not_worked: str
    current_state: str
    desired_state: str
    author: Named | None
    deal: DealRead
    skip_questions_reason: str
    chosen_plan: str | None = Field(examples=["A"])
    choice_reason: str
    outcome_worked: str
    outcome_not_worked: str
    outcome_current_state: str
    resolved_at: datetime | None
    next: NextMove


class CaseList(BaseModel):
    items: list[CaseSummary]
    next_cursor: str | None


def name_of(row: Any) -> Named | None:
    """A loaded user or team by id and name."""
    return None if row is None else Named(id=row.id, name=row.name)


def _columns(case: Case, model: type[BaseModel]) -> dict[str, Any]:
    """Those fields of the model that are columns of the case."""
    return {name: getattr(case, name) for name in model.model_fields if name in Case.__table__.columns}


def _references(case: Case) -> dict[str, Any]:
    return {
        "customer": case.deal.customer,
        "obstacles": [obstacle.code.key for obstacle in case.obstacles],
        "industry": case.industry.key if case.industry else None,
        "stage": case.stage.key if case.stage else None,
        "owner": name_of(case.owner),
        "team": name_of(case.team),
        "outcome": case.outcome.key if case.outcome else None,
    }


def read_summary(case: Case, *, awaits: str | None, url: str) -> CaseSummary:
    """A case in a list. It must be loaded as `queries.load_all` does."""
    return CaseSummary(**_columns(case, CaseSummary), **_references(case), awaits=awaits, url=url)


def read_case(
    case: Case, *, awaits: str | None, url: str, chosen_plan: str | None, move: Move | None, missing: Sequence[Missing]
) -> CaseRead:
    """The whole case for programs."""
    return CaseRead(
        **_columns(case, CaseRead),
        **_references(case),
        awaits=awaits,
        url=url,
        author=name_of(case.author),
        deal=DealRead.model_construct(**{name: getattr(case.deal, name) for name in DealFacts.model_fields}),
        chosen_plan=chosen_plan,
        next=NextMove(move=move, missing=[MissingRead.from_missing(need) for need in missing]),
    )


class CodeRead(BaseModel):
    """A code of a closed list, named in the language of the request."""

    kind: CodeKind
    key: str = Field(examples=["champion_left"])
    name: str = Field(examples=["Champion left"])
    definition: str = Field("", examples=["The person who pushed for us inside the customer has left."])
    built_in: bool = True
    retired: bool = False

    @classmethod
    def from_code(cls, code: Code) -> "CodeRead":
        return cls(
            kind=code.kind,
            key=code.key,
            name=code.name,
            definition=code.definition,
            built_in=code.built_in,
            retired=code.retired_at is not None,
        )


class CodeList(BaseModel):
    items: list[CodeRead]
    next_cursor: str | None = None
