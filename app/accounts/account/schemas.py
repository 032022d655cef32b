"""What people set about themselves."""

from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError

from app.accounts.models import Theme
from app.accounts.schemas import NewPassword, TypedPassword
from app.core.i18n import gettext as _

REGIONS = ("Europe", "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Indian", "Pacific")


@cache
def list_timezones() -> tuple[str, ...]:
    """The zones a person can live in, Europe's first."""
    zones = [name for name in available_timezones() if name.split("/")[0] in REGIONS and "/" in name]
    return (*sorted(zones, key=lambda name: (REGIONS.index(name.split("/")[0]), name)), "UTC")


def refuse_unknown_timezone(value: str) -> str:
    if value not in list_timezones():
        raise PydanticCustomError("required", _("Choose one of the options."))
    return value


class PreferencesForm(BaseModel):
    """What is absent stays as it is."""

    language: Literal["nb", "sv", "en"] | None = None
    theme: Theme | None = None
    timezone: Annotated[str, AfterValidator(refuse_unknown_timezone)] | None = None
    next: str = "/"


class PasswordForm(BaseModel):
    current: TypedPassword
    password: NewPassword
