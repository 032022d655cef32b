"""Kinds of input that several forms of the accounts take, and what the API says of people and teams."""

import unicodedata
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    EmailStr,
    Field,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from app.accounts.models import Role
from app.core.i18n import gettext as _
from app.core.text import normalise_text, refuse_control_characters

EMAIL_LIMIT = 254
PASSWORD_MIN = 10
PASSWORD_LIMIT = 200


def compose_letters(value: Any) -> Any:
    """One spelling for å, however a keyboard builds it. White space belongs to a password."""
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def refuse_short_password(value: str) -> str:
    if len(value) < PASSWORD_MIN:
        raise PydanticCustomError("required", _("Use at least {n} characters.").format(n=PASSWORD_MIN))
    return value


def explain_email(value: Any, validate: ValidatorFunctionWrapHandler) -> str:
    try:
        return str(validate(value)).lower()
    except ValueError as error:
        raise PydanticCustomError("required", _("Write an e-mail address, such as kari@example.com.")) from error


Email = Annotated[EmailStr, WrapValidator(explain_email)]
"""An e-mail address that mail can be sent to, in lower case."""

TypedEmail = Annotated[
    str,
    StringConstraints(min_length=1, max_length=EMAIL_LIMIT, to_lower=True),
    BeforeValidator(normalise_text),
    AfterValidator(refuse_control_characters),
]
"""An e-mail as typed to sign in: it need not look like one, as it is only compared."""

TypedPassword = Annotated[
    str, StringConstraints(min_length=1, max_length=PASSWORD_LIMIT), BeforeValidator(compose_letters)
]
"""A password to be compared."""

NewPassword = Annotated[
    str,
    StringConstraints(max_length=PASSWORD_LIMIT),
    BeforeValidator(compose_letters),
    AfterValidator(refuse_short_password),
]
"""A password to be set: 10 to 200 characters."""


EXAMPLE_ID = "01937d2e-5c1a-7b0e-9f51-3f6a2f9f1c11"


class OrganisationOut(BaseModel):
    id: UUID = Field(examples=[EXAMPLE_ID])
    name: str = Field(examples=["Nordavind"])
    slug: str = Field(examples=["nordavind"])


class UserOut(BaseModel):
    id: UUID = Field(examples=[EXAMPLE_ID])
    name: str = Field(examples=["Kari Myhre"])
    email: str = Field(examples=["kari@nordavind.example"])
    role: Role = Field(examples=["seller"])
    team_ids: list[UUID] = Field(description="The first is the default team of a new case.", examples=[[EXAMPLE_ID]])


class TeamOut(BaseModel):
    id: UUID = Field(examples=[EXAMPLE_ID])
    name: str = Field(examples=["Oslo"])
    member_ids: list[UUID] = Field(examples=[[EXAMPLE_ID]])
    leader_ids: list[UUID] = Field(description="Those of the members who lead it.", examples=[[EXAMPLE_ID]])


class ClientOut(BaseModel):
    id: UUID = Field(examples=[EXAMPLE_ID])
    scopes: list[str] = Field(examples=[["cases:read", "act-as"]])


class MeOut(BaseModel):
    """Whose rights a request has: a person's, or those of a program acting for itself."""

    organisation: OrganisationOut
    user: UserOut | None = Field(description="Null for a program that acts for itself.")
    client: ClientOut | None = Field(description="Null for a person in the browser.")


class UserPage(BaseModel):
    items: list[UserOut]
    next_cursor: str | None = None


class TeamPage(BaseModel):
    items: list[TeamOut]
    next_cursor: str | None = None
