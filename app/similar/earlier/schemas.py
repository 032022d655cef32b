"""What comes in and goes out about the case in which something was tried before."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, Field

from app.cases.workflow import State
from app.core.text import Text, drop_blank
from app.similar.earlier.comparing import Attribute, Likeness, list_values
from app.similar.earlier.service import Comparison, Suggestion
from app.similar.scoring import Mode

Searched = Annotated[Text, Query(description="What the earlier case is looked for with; operators as in a search.")]


class EarlierCaseForm(BaseModel):
    """The choice of a case, or that none is meant any more. `q` is the search it was found by."""

    case_id: Annotated[UUID | None, BeforeValidator(drop_blank)] = None
    remove: bool = False
    q: Text = ""


class ComparedRead(BaseModel):
    """One attribute then and now."""

    attribute: Attribute
    likeness: Likeness = Field(description="`unknown` where one of the two does not say.")
    then: list[str] = Field(
        description="Keys of codes, texts as written, an amount with its currency, a day.", examples=[["silent"]]
    )
    now: list[str] = Field(examples=[["silent", "champion_left"]])


class EarlierCaseRead(BaseModel):
    """The case in which it was tried before, and what is different now. Empty for those who may not see that case."""

    objection_id: UUID
    case_id: UUID | None
    title: str = Field(examples=["Port terminal went quiet after the demo"])
    attributes: list[ComparedRead]

    @classmethod
    def from_comparison(cls, objection_id: UUID, comparison: Comparison | None) -> Self:
        if comparison is None:
            return cls(objection_id=objection_id, case_id=None, title="", attributes=[])
        compared = [
            ComparedRead(
                attribute=attribute,
                likeness=likeness,
                then=list_values(comparison.then, attribute),
                now=list_values(comparison.now, attribute),
            )
            for attribute, likeness in comparison.likeness.items()
        ]
        case = comparison.case
        return cls(objection_id=objection_id, case_id=case.id, title=case.title, attributes=compared)


class SuggestedCase(BaseModel):
    id: UUID
    title: str
    state: State
    outcome: str | None = Field(description="Key of the outcome.", examples=["lost_no_decision"])
    reasons: list[str] = Field(examples=[["Same obstacle: Champion left"]])

    @classmethod
    def from_suggestion(cls, suggestion: Suggestion) -> Self:
        match = suggestion.match
        return cls(
            id=match.case_id,
            title=suggestion.title,
            state=match.state,
            outcome=match.outcome.key if match.outcome else None,
            reasons=match.list_reasons(),
        )


class SuggestedCaseList(BaseModel):
    """Cases that may be meant, closed ones first."""

    mode: Mode = Field(description="`keywords` while the language model is loading or missing.")
    items: list[SuggestedCase]
