"""A page's form: the user's own input, the parsed model, and a message at each field that fails."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData
from starlette.requests import Request

from app.core.errors import Invalid, UnstuckError, WrongContent
from app.core.i18n import N_
from app.core.i18n import gettext as _

Model = TypeVar("Model", bound=BaseModel)

MESSAGES = {
    "missing": N_("Fill this in."),
    "string_too_short": N_("Fill this in."),
    "string_too_long": N_("Use at most {max_length} characters."),
    "too_short": N_("Choose at least one."),
    "too_long": N_("Choose at most {max_length}."),
    "control_character": N_("Remove the invisible control character."),
    "line_break": N_("Keep this on one line."),
    "uuid_parsing": N_("Choose one of the options."),
    "enum": N_("Choose one of the options."),
    "literal_error": N_("Choose one of the options."),
    "decimal_parsing": N_("Write a number, such as 480000."),
    "decimal_type": N_("Write a number, such as 480000."),
    "decimal_max_digits": N_("The number is too large."),
    "decimal_whole_digits": N_("The number is too large."),
    "decimal_max_places": N_("Use at most two decimals."),
    "greater_than_equal": N_("Use {ge} or more."),
    "less_than_equal": N_("Use {le} or less."),
    "int_parsing": N_("Write a whole number."),
    "date_parsing": N_("Write a date, such as 2026-12-31."),
    "date_from_datetime_parsing": N_("Write a date, such as 2026-12-31."),
    "bool_parsing": N_("Choose yes or no."),
    "value_error": N_("This does not look right."),
}


def explain(error: ErrorDetails) -> str:
    """What a person should change, in the language of the request."""
    if error["type"] == "required":
        return error["msg"]
    message = MESSAGES.get(error["type"])
    if message is None:
        return error["msg"]
    return _(message).format_map(error.get("ctx", {}))


def explain_all(errors: list[ErrorDetails]) -> dict[str, str]:
    """Message by field; a nested field is named `steps.0.text`."""
    return {".".join(str(part) for part in error["loc"]) or "form": explain(error) for error in reversed(errors)}


@dataclass
class Form(Generic[Model]):
    """`data` is None while `errors` is not empty; `values` always holds what was typed."""

    values: dict[str, str | list[str]]
    data: Model | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def fail(self, name: str, message: str) -> None:
        self.errors[name] = message
        self.data = None

    def refuse(self, refusal: UnstuckError) -> None:
        """Say why what was sent is not taken: at its fields, or of the whole."""
        for name, message in (refusal.fields or {"form": refusal.message}).items():
            self.fail(name, message)


FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}


def _collect(form: FormData, model: type[BaseModel]) -> dict[str, str | list[str]]:
    values: dict[str, str | list[str]] = {}
    for name in form:
        texts = [value for value in form.getlist(name) if isinstance(value, str)]
        info = model.model_fields.get(name)
        wants_list = info is not None and get_origin(info.annotation) is list
        values[name] = texts if wants_list else (texts[-1] if texts else "")
    return values


async def read_form(request: Request, model: type[Model]) -> Form[Model]:
    """Parse the posted form. Empty fields count as absent, so that optional ones take their default."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FORM_TYPES and await request.body():
        raise WrongContent(_("This address takes a form."))
    values = _collect(await request.form(), model)
    given = {name: value for name, value in values.items() if value not in ("", [])}
    try:
        return Form(values=values, data=model.model_validate(given))
    except ValidationError as error:
        return Form(values=values, errors=explain_all(error.errors()))


async def read_valid(request: Request, model: type[Model]) -> Model:
    """What a form holds that has no page of its own to show its errors on. Raises Invalid."""
    form = await read_form(request, model)
    if form.data is None:
        raise Invalid(_("Some fields need mending."), fields=form.errors)
    return form.data
