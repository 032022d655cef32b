"""A deal as a CRM sends it and reads it back."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.accounts.models import User
from app.cases.schemas import Named, NameFields, PersonName, PlacingFields, StoryFields, name_of
from app.core.i18n import gettext as _
from app.core.text import Line, one_line
from app.deals.models import Deal, DealStatus
from app.deals.schemas import EXTERNAL_ID_LIMIT, SOURCE_LIMIT, DealTerms

Source = Annotated[str, *one_line(SOURCE_LIMIT, least=1)]
ExternalId = Annotated[str, *one_line(EXTERNAL_ID_LIMIT, least=1)]
CrmWord = Annotated[str, *one_line(120)]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""So much may the clock of a CRM be ahead of ours: a later time would keep out every change until then."""


def _check_time(value: datetime) -> datetime:
    """In UTC. The years at both ends of the calendar cannot even be moved there."""
    if not EPOCH <= value <= datetime.now(UTC) + AHEAD:
        raise PydanticCustomError("time_of_change", _("Say when it was changed: since 1970, and not in the future."))
    return value.astimezone(UTC)


class CrmFacts(DealTerms):
    """What the CRM knows of a deal."""

    title: Line = Field("", examples=["Rutekart for the northern routes"])
    customer: Line = Field("", examples=["Fjordlinja Rederi AS"])
    pipeline: CrmWord = Field("", examples=["New business"])
    stage: CrmWord = Field("", examples=["Proposal sent"], description="In the words of the CRM.")
    status: DealStatus = DealStatus.OPEN


class CrmDealInput(CrmFacts):
    """What the CRM says now; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    owner: PersonName | None = Field(
        None,
        description="Id or e-mail of the seller responsible. Left out, a new deal belongs to the user who sends it.",
        examples=["kari@nordavind.example"],
    )
    source_updated_at: Annotated[AwareDatetime, AfterValidator(_check_time)] | None = Field(
        None,
        description="When the CRM changed it. When something later is known already, nothing is changed.",
        examples=["2026-11-28T09:30:00Z"],
    )

    def list_facts(self) -> dict[str, Any]:
        """The given fields that are columns of a deal as they are."""
        return self.model_dump(exclude_unset=True, exclude={"owner"})


class CrmDealRead(CrmFacts):
    """A deal as it stands here; `amount` is a decimal string."""

    source: str = Field(examples=["hubspot"])
    external_id: str = Field(examples=["90211"])
    version: int
    owner: Named | None = Field(description="For those who may change the deal.")
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_deal(cls, deal: Deal, owner: User | None) -> Self:
        facts = {name: getattr(deal, name) for name in cls.model_fields if name != "owner"}
        return cls(**facts, owner=name_of(owner))


class DealCaseInput(StoryFields, PlacingFields, NameFields):
    """What is known of the case already; the deal says the rest."""

    model_config = ConfigDict(extra="forbid")

    owner: PersonName | None = Field(
        None,
        description="Id or e-mail of the seller responsible. Left out, who asks; for a program, the deal's owner.",
        examples=["kari@nordavind.example"],
    )

    def list_changes(self) -> dict[str, Any]:
        """The given fields of the case."""
        return self.model_dump(exclude_unset=True, exclude={"owner"})
