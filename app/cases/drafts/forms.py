"""The fields of a case as its forms show them: values, choices, and what differs from what stands saved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.models import Team
from app.accounts.viewer import Viewer
from app.cases.codes import find_template, list_codes
from app.cases.drafts.service import CODED, COLUMNS
from app.cases.models import Case, Code, CodeKind, Visibility
from app.cases.schemas import DraftForm, SectionForm
from app.core.i18n import LANGUAGE_NAMES
from app.core.i18n import gettext as _
from app.deals.schemas import CURRENCIES, DealFields

Option = tuple[str, str, str]
"""Value, label and hint."""

CURRENCY_OF = {"nb": "NOK", "sv": "SEK"}


@dataclass
class FormView:
    """A form as a template shows it: values and messages by field, and the choices of its lists."""

    choices: Mapping[str, Sequence[Option]]
    values: Mapping[str, str | list[str]]
    errors: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[str, str] = field(default_factory=dict)
    """What somebody saved meanwhile, by field."""
    earlier_by: str = ""


def read_fields(case: Case) -> dict[str, Any]:
    """The saved fields in the types of the forms, named as they are. The case must be fully loaded."""
    return {
        **{name: getattr(case, name) for name in COLUMNS},
        **{name: getattr(case.deal, name) for name in DealFields.model_fields},
        **{name: code.key if (code := getattr(case, name)) else None for name in CODED},
        "obstacles": [obstacle.code.key for obstacle in case.obstacles],
        "language": case.language if case.language_corrected else None,
    }


def show_value(name: str, value: Any) -> str | list[str]:
    """A value as an input holds it."""
    if name == "obstacles":
        return list(value)
    if name == "tags":
        return ", ".join(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value == value.to_integral_value() else f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else ""
    return "" if value is None else str(value)


def show_values(fields: Mapping[str, Any]) -> dict[str, str | list[str]]:
    return {name: show_value(name, value) for name, value in fields.items()}


def show_typed(typed: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    """What somebody typed, every field of a case beside it, so that a form with errors shows it again."""
    blank = show_values(DraftForm().model_dump())
    return blank | {name: show_value(name, value) if name in blank else value for name, value in typed.items()}


def show_errors(errors: Mapping[str, str]) -> dict[str, str]:
    """The messages by field: a single tag has no field of its own, its message stands at the tags."""
    return {name.partition(".")[0]: message for name, message in errors.items()}


def blank_values(viewer: Viewer) -> dict[str, str | list[str]]:
    """What an empty form starts with."""
    given = {"team_id": str(viewer.team_ids[0])} if viewer.team_ids else {"visibility": Visibility.EVERYONE.value}
    return show_typed(given | {"currency": CURRENCY_OF.get(viewer.language or "", "")})


def is_blank(form: DraftForm) -> bool:
    """Whether nothing was typed or chosen yet."""
    offered = {"version", "action", "visibility", "team_id", "currency", "language", "anonymous"}
    return not any(form.model_dump(exclude=offered).values())


def list_changes(form: SectionForm, case: Case | None) -> dict[str, Any]:
    """The fields of the form. Ticked boxes have no order, so obstacles keep theirs: the first is the main one."""
    changes = form.list_changes()
    if case is not None and "obstacles" in changes:
        saved = [obstacle.code.key for obstacle in case.obstacles]
        ticked = changes["obstacles"]
        kept = [key for key in saved if key in ticked]
        changes["obstacles"] = kept + [key for key in ticked if key not in kept]
    return changes


def find_differing(case: Case, form: SectionForm) -> dict[str, str]:
    """What stands saved, in words, for each field that the form holds otherwise."""
    saved, sent = read_fields(case), list_changes(form, case)
    return {name: _describe(case, name, saved[name]) for name in saved if name in sent and sent[name] != saved[name]}


def find_earlier(case: Case | None, form: SectionForm, view: FormView) -> bool:
    """Whether somebody saved other texts since the form was read; the view then shows them beside the typed ones."""
    if case is None or case.version == form.version:
        return False
    view.earlier = find_differing(case, form)
    view.earlier_by = case.updated_by.name if case.updated_by else ""
    return bool(view.earlier)


def _describe(case: Case, name: str, value: Any) -> str:
    words: dict[str, Any] = {
        "obstacles": lambda: ", ".join(obstacle.code.name for obstacle in case.obstacles),
        "industry": lambda: case.industry and case.industry.name,
        "stage": lambda: case.stage and case.stage.name,
        "team_id": lambda: case.team and case.team.name,
        "visibility": lambda: name_visibility(case.visibility),
        "anonymous": lambda: _("Without a name") if case.anonymous else _("With the name"),
        "language": lambda: LANGUAGE_NAMES.get(value),
    }
    text = words[name]() if name in words else show_value(name, value)
    return str(text or _("Nothing"))


def name_visibility(visibility: Visibility) -> str:
    return {
        Visibility.TEAM: _("The team"),
        Visibility.EVERYONE: _("Everyone in the organisation"),
        Visibility.RESTRICTED: _("Only those who wear a hat"),
    }[visibility]


async def load_choices(session: AsyncSession, viewer: Viewer, case: Case | None = None) -> dict[str, list[Option]]:
    """The options of every list in the form; a retired code is offered only where it stands chosen."""
    chosen = [] if case is None else [case.industry, case.stage, *(obstacle.code for obstacle in case.obstacles)]
    codes = {code.id: code for code in [*await list_codes(session), *(code for code in chosen if code)]}
    teams = [team for team in await accounts.list_teams(session) if _offers(team, viewer, case)]
    hints = {
        Visibility.TEAM: "",
        Visibility.EVERYONE: _("More people can help, and find it later."),
        Visibility.RESTRICTED: _("You, your manager and those who accept a hat."),
    }
    currencies = dict.fromkeys([*CURRENCIES, *([case.deal.currency] if case and case.deal.currency else [])])
    return {
        "obstacles": _options(codes.values(), CodeKind.OBSTACLE),
        "templates": _list_templates(codes.values()),
        "industry": _options(codes.values(), CodeKind.INDUSTRY),
        "stage": _options(codes.values(), CodeKind.STAGE),
        "team_id": [(str(team.id), team.name, "") for team in teams],
        "visibility": [
            (value.value, name_visibility(value), hint)
            for value, hint in hints.items()
            if teams or value is not Visibility.TEAM
        ],
        "currency": [(currency, currency, "") for currency in currencies],
        "language": [(code, name, "") for code, name in LANGUAGE_NAMES.items()],
    }


def _offers(team: Team, viewer: Viewer, case: Case | None) -> bool:
    return team.id in viewer.team_ids or (case is not None and team.id == case.team_id)


def _list_templates(codes: Iterable[Code]) -> list[Option]:
    """Of each obstacle that has one: key, name, text."""
    obstacles = [code for code in codes if code.kind is CodeKind.OBSTACLE]
    return [(code.key, code.name, template) for code in obstacles if (template := find_template(code))]


def _options(codes: Any, kind: CodeKind) -> list[Option]:
    found: list[Code] = [code for code in codes if code.kind is kind]
    return [(code.key, code.name, code.definition) for code in found]
