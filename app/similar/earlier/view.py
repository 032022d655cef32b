"""Then and now side by side, as a page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.cases.models import Case
from app.cases.workflow import STATE_NAMES
from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.core.templating import environment, format_date, format_money
from app.similar.earlier.comparing import Attribute, Likeness, Situation
from app.similar.earlier.service import Comparison, Suggestion

ATTRIBUTE_NAMES: Mapping[Attribute, str] = {
    Attribute.OBSTACLES: N_("Stuck because"),
    Attribute.STAGE: N_("Stage"),
    Attribute.INDUSTRY: N_("Industry"),
    Attribute.PRODUCT: N_("Product"),
    Attribute.AMOUNT: N_("Value"),
    Attribute.MOVE: N_("What was tried"),
    Attribute.OUTCOME: N_("Outcome"),
    Attribute.WHEN: N_("When"),
}
LIKENESS_NAMES: Mapping[Likeness, str] = {
    Likeness.SAME: N_("The same"),
    Likeness.PARTLY: N_("Partly the same"),
    Likeness.DIFFERENT: N_("Different now"),
    Likeness.UNKNOWN: N_("Cannot be compared"),
}
NOT_YET = N_("Not known yet")


@dataclass(frozen=True)
class ComparedView:
    attribute: Attribute
    label: str
    likeness: Likeness
    likeness_label: str
    then: str
    now: str


@dataclass(frozen=True)
class ComparisonView:
    """Needed by `similar/_comparison.html`."""

    case: Case
    rows: list[ComparedView]
    same: list[str]
    """Names of the attributes that are the same, or partly."""
    different: list[str]


def view_comparison(case: Case, comparison: Comparison) -> ComparisonView:
    then = _show(comparison.case, comparison.then)
    now = _show(case, comparison.now)
    rows = [
        ComparedView(
            attribute=attribute,
            label=_(ATTRIBUTE_NAMES[attribute]),
            likeness=likeness,
            likeness_label=_(LIKENESS_NAMES[likeness]),
            then=then[attribute],
            now=now[attribute],
        )
        for attribute, likeness in comparison.likeness.items()
    ]
    alike = {Likeness.SAME, Likeness.PARTLY}
    return ComparisonView(
        case=comparison.case,
        rows=rows,
        same=[row.label for row in rows if row.likeness in alike],
        different=[row.label for row in rows if row.likeness is Likeness.DIFFERENT],
    )


def _show(case: Case, situation: Situation) -> dict[Attribute, str]:
    """In the words of the reader; empty where nothing is given."""
    return {
        Attribute.OBSTACLES: ", ".join(obstacle.code.name for obstacle in case.obstacles),
        Attribute.STAGE: case.stage.name if case.stage else "",
        Attribute.INDUSTRY: case.industry.name if case.industry else "",
        Attribute.PRODUCT: situation.product,
        Attribute.AMOUNT: _show_amount(situation.amount, situation.currency),
        Attribute.MOVE: situation.move,
        Attribute.OUTCOME: case.outcome.name if case.outcome else _(NOT_YET),
        Attribute.WHEN: _show_day(situation.on),
    }


def _show_amount(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return ""
    shown: str = format_money(amount, currency) if currency else environment.filters["plain_number"](amount)
    return shown


def _show_day(on: date | None) -> str:
    return format_date(on) if on else ""


@dataclass(frozen=True)
class SuggestionView:
    """A case to choose, as a radio button shows it."""

    value: str
    label: str
    hint: str


def view_suggestion(suggestion: Suggestion) -> SuggestionView:
    match = suggestion.match
    ended = match.outcome.name if match.outcome else _(STATE_NAMES[match.state])
    return SuggestionView(str(match.case_id), suggestion.title, " · ".join([ended, *match.list_reasons()]))
