"""What an admin writes about an API key."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from app.accounts.viewer import SCOPES
from app.core.i18n import gettext as _
from app.core.text import Name


def refuse_unknown_scope(value: str) -> str:
    if value not in SCOPES:
        raise PydanticCustomError("required", _("Choose one of the options."))
    return value


class KeyForm(BaseModel):
    name: Name
    scopes: Annotated[list[Annotated[str, AfterValidator(refuse_unknown_scope)]], Field(min_length=1)]
