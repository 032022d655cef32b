"""What comes in and goes out about practices: one set of fields for the forms of pages and for the API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.cases.schemas import Key, Language, Named, name_of
from app.core.pagination import PAGE_SIZE, CursorParam, Limit
from app.core.text import Line, ShortText, Text, WrittenLine, WrittenText, drop_blank
from app.practices.models import Audience, Practice, PracticeUse, Trust, UseResult
from app.practices.queries import UseCounts

STORY_PARTS = ("title", "when_to_use", "what_to_do", "what_to_say", "why_it_worked", "when_not_to")
"""The texts of a practice, in the order they are read. All of them are searched for names."""

API_INPUT = ConfigDict(extra="forbid")


class StoryFields(BaseModel):
    """The reusable story. It names no customer, no contact and no place."""

    title: WrittenLine = Field(examples=["When the champion leaves, go to those who have the problem every day"])
    when_to_use: WrittenText = Field(examples=["The one who drove it has left, and the successor is temporary."])
    what_to_do: WrittenText = Field(examples=["Ask the one who leaves for one thing before the last day."])
    what_to_say: Text = Field("", examples=["This was never one person's project."])
    why_it_worked: Text = Field("", examples=["A temporary manager is measured on nothing going wrong."])
    when_not_to: Text = Field("", examples=["When the successor is permanent and has plans of her own."])


class ShareInput(StoryFields):
    model_config = API_INPUT

    audience: Audience = Field(Audience.EVERYONE, description="`team` means the team of the case.")
    language: Language | None = Field(None, description="Of the text; left out, the language of the case.")
    confirm_names: bool = Field(False, description="Share although names or numbers were found in the text.")


class PracticePatch(BaseModel):
    """Fields to change; what is left out stays as it is."""

    model_config = API_INPUT

    title: WrittenLine = ""
    when_to_use: WrittenText = ""
    what_to_do: WrittenText = ""
    what_to_say: Text = ""
    why_it_worked: Text = ""
    when_not_to: Text = Field("", examples=["When the successor is permanent and has plans of her own."])
    audience: Audience = Audience.EVERYONE
    language: Language = "en"
    confirm_names: bool = Field(False, description="Save although names or numbers were found in the text.")

    def list_changes(self) -> dict[str, Any]:
        """The given fields."""
        return self.model_dump(exclude_unset=True, exclude={"confirm_names"})


class StoryForm(StoryFields):
    """The form that shares a practice, and that edits one."""

    audience: Audience = Audience.EVERYONE
    language: Language = "en"
    confirm_names: bool = False
    names_seen: Text = ""
    """What had been found when the box to confirm was shown: names found since then were not confirmed."""
    action: Literal["preview", "share"] = "preview"
    version: int = 0

    def list_changes(self) -> dict[str, Any]:
        return self.model_dump(include={*STORY_PARTS, "audience", "language"})


class UseInput(BaseModel):
    """How it went for somebody who used a practice."""

    model_config = API_INPUT

    result: UseResult = Field(examples=["worked"])
    note: ShortText = Field("", examples=["Same situation in a warehouse; took seven weeks."])
    case_id: UUID | None = Field(None, description="The case it was used on, if it is one here.")


class UseForm(BaseModel):
    result: UseResult
    note: ShortText = ""


class TrustInput(BaseModel):
    """A manager of the team validates and retires; everybody who reads may ask for a review, with a reason."""

    model_config = API_INPUT

    trust: Literal[Trust.VALIDATED, Trust.NEEDS_REVIEW, Trust.OBSOLETE] = Field(examples=["validated"])
    note: ShortText = Field("", description="Why; needed for `needs_review`.", examples=["The rule changed in May."])


class TrustForm(BaseModel):
    trust: Literal[Trust.VALIDATED, Trust.NEEDS_REVIEW, Trust.OBSOLETE]
    note: ShortText = ""


OptionalKey = Annotated[Key | None, BeforeValidator(drop_blank)]


class FeedFilter(BaseModel):
    """Filters as they stand in the address; an empty one is none."""

    obstacle: OptionalKey = Field(None, description="Key of an obstacle.", examples=["champion_left"])
    outcome: OptionalKey = Field(None, description="Key of an outcome.", examples=["won_b"])
    stage: OptionalKey = Field(None, description="Key of a stage.", examples=["proposal"])
    industry: OptionalKey = Field(None, description="Key of an industry.", examples=["healthcare"])
    product: Line = Field("", description="The product's name.", examples=["Rutekart"])
    team: Annotated[UUID | None, BeforeValidator(drop_blank)] = None
    language: Annotated[Language | None, BeforeValidator(drop_blank)] = Field(None, examples=["nb"])


class PracticeFilter(FeedFilter):
    trust: Annotated[Trust | None, BeforeValidator(drop_blank)] = None


class PracticeQuery(PracticeFilter):
    cursor: CursorParam = None
    limit: Limit = PAGE_SIZE

    def list_filters(self) -> dict[str, Any]:
        return self.model_dump(include=set(PracticeFilter.model_fields))


class TrustRead(BaseModel):
    state: Trust
    by: Named | None
    at: datetime | None
    note: str


class PracticeRead(BaseModel):
    id: UUID
    version: int
    title: str
    when_to_use: str
    what_to_do: str
    what_to_say: str
    why_it_worked: str
    when_not_to: str
    language: str = Field(examples=["nb"])
    audience: Audience
    trust: TrustRead
    solver: Named
    team: Named | None
    case_id: UUID | None = Field(description="The case behind it; given only to those who may read it.")
    obstacles: list[str] = Field(examples=[["champion_left"]])
    outcome: str | None = Field(examples=["won_b"])
    industry: str | None = Field(examples=["healthcare"])
    stage: str | None = Field(examples=["solution"])
    product: str = Field(examples=["Skiftplan"])
    tried: int = Field(description="How many have said how it went.")
    worked: int = Field(description="For how many of them it worked.")
    trying: int = Field(description="How many have it in a plan and have not said how it went.")
    shared_at: datetime
    updated_at: datetime
    url: str = Field(description="Where people read it.")

    @classmethod
    def from_practice(cls, practice: Practice, *, counts: UseCounts, readable: bool, url: str) -> "PracticeRead":
        """`practice` as the queries load it; `readable` says whether the case behind may be named."""
        case = practice.case
        columns = {name: getattr(practice, name) for name in cls.model_fields if name in Practice.__table__.columns}
        return cls(
            **columns
            | {
                "trust": TrustRead(
                    state=practice.trust,
                    by=name_of(practice.trust_by),
                    at=practice.trust_at,
                    note=practice.trust_note,
                ),
                "case_id": practice.case_id if readable else None,
            },
            solver=Named(id=practice.solver.id, name=practice.solver.name),
            team=name_of(practice.team),
            obstacles=[obstacle.code.key for obstacle in case.obstacles],
            outcome=case.outcome.key if case.outcome else None,
            industry=case.industry.key if case.industry else None,
            stage=case.stage.key if case.stage else None,
            product=case.product,
            tried=counts.tried,
            worked=counts.worked,
            trying=counts.trying,
            url=url,
        )


class PracticeList(BaseModel):
    items: list[PracticeRead]
    next_cursor: str | None


class UseRead(BaseModel):
    id: UUID
    result: UseResult | None = Field(description="Nothing while it is being tried.")
    note: str
    user: Named
    at: datetime

    @classmethod
    def from_use(cls, use: PracticeUse, user: Named) -> "UseRead":
        return cls(id=use.id, result=use.result, note=use.note, user=user, at=use.at)
