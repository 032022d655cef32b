"""The facts of a deal as they come in, by form or by API. Limits stand in docs/limits.md."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from babel.numbers import list_currencies
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.i18n import gettext as _
from app.core.text import Line, normalise_text, one_line

CURRENCIES = ("NOK", "SEK", "DKK", "EUR", "ISK", "GBP", "USD")
"""Offered in forms; the API takes every ISO 4217 code."""

SOURCE_LIMIT = 60
EXTERNAL_ID_LIMIT = 120

_KNOWN_CURRENCIES = list_currencies()
_SPACES = str.maketrans("", "", " \u00a0\u202f\t")


def _read_amount(value: Any) -> Any:
    """Digits as Nordic people write them: `480 000,50`."""
    if not isinstance(value, str):
        return value
    text = value.translate(_SPACES)
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def _check_currency(value: str) -> str:
    if value and value not in _KNOWN_CURRENCIES:
        raise PydanticCustomError("currency", _("Use the three letters of a currency, such as NOK."))
    return value


def _check_link(value: str) -> str:
    if value and not value.lower().startswith(("https://", "http://")):
        raise PydanticCustomError("link", _("Start the link with https://."))
    return value


Amount = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=2), BeforeValidator(_read_amount)]
Currency = Annotated[
    str, StringConstraints(to_upper=True), BeforeValidator(normalise_text), AfterValidator(_check_currency)
]


class DealTerms(BaseModel):
    """What is at stake, by when, and where people read it in the CRM."""

    amount: Amount | None = Field(None, examples=["480000.00"], description="Decimal, at most two places.")
    currency: Currency = Field("", examples=["NOK"])
    close_date: date | None = Field(None, examples=["2027-03-31"])
    url: Annotated[str, *one_line(500), AfterValidator(_check_link)] = Field("", examples=["https://crm.example/90211"])


class DealFacts(DealTerms):
    """The terms, and by what the CRM knows the deal."""

    source: Annotated[str, *one_line(SOURCE_LIMIT)] = Field(
        "", examples=["hubspot"], description="The CRM; with `external_id`."
    )
    external_id: Annotated[str, *one_line(EXTERNAL_ID_LIMIT)] = Field(
        "", examples=["90211"], description="With `source`."
    )


class DealFields(DealFacts):
    """The facts together with the customer, as the form of a case holds them."""

    customer: Line = ""
