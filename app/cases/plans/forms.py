"""The plan form between the page and the schemas: its rows of steps, its first values, and what others saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.cases.models import Plan
from app.cases.plans.schemas import MAX_STEPS, PlanFields, PlanForm
from app.core.forms import Form
from app.core.i18n import gettext as _
from app.core.text import SHORT_TEXT_LIMIT

FIRST_ROWS = 3
MORE_ROWS = 3

Values = dict[str, str | list[str]]


@dataclass(frozen=True)
class StepRow:
    """One row of the form as typed."""

    id: str
    text: str
    owner: str
    due: str


def start_values(plan: Plan | None, prefill: Mapping[str, str]) -> Values:
    """What the form holds when it opens: the plan to edit, or a new one with texts from elsewhere."""
    if plan is None:
        return {name: text[:SHORT_TEXT_LIMIT] for name, text in prefill.items()}
    fields = ("move", *PlanFields.model_fields)
    values: Values = {name: str(getattr(plan, name) or "") for name in fields}
    values["version"] = str(plan.version)
    values["step_id"] = [str(step.id) for step in plan.steps]
    values["step_text"] = [step.text for step in plan.steps]
    values["step_owner"] = [str(step.owner_id or "") for step in plan.steps]
    values["step_due"] = [str(step.due_on or "") for step in plan.steps]
    return values


def list_rows(values: Values, more: int) -> list[StepRow]:
    """The rows typed so far with `more` empty ones, at least three and at most as many as a plan may have."""
    columns = [_listed(values, name) for name in ("step_id", "step_text", "step_owner", "step_due")]
    typed = max(len(column) for column in columns)
    wanted = max(typed, min(max(typed + more, FIRST_ROWS), MAX_STEPS))
    return [StepRow(*(column[row] if row < len(column) else "" for column in columns)) for row in range(wanted)]


def _listed(values: Values, name: str) -> Sequence[str]:
    value = values.get(name, [])
    return value if isinstance(value, list) else [value]


def check_rows(form: Form[PlanForm]) -> None:
    """Mark rows that name a person or a day but no step, and a form with too many steps."""
    rows = list_rows(form.values, 0)
    for index, row in enumerate(rows):
        if not row.text.strip() and (row.owner or row.due):
            form.fail(f"step_text.{index}", _("Say what the step is."))
    if sum(1 for row in rows if row.text.strip()) > MAX_STEPS:
        form.fail("form", _("A plan has at most {n} steps.").format(n=MAX_STEPS))


def list_differences(plan: Plan, values: Values) -> dict[str, str]:
    """By field, the saved text where it is not what was typed."""
    saved = start_values(plan, {})
    names = ("move", *PlanFields.model_fields)
    theirs = {name: str(saved[name]) for name in names if saved[name] != _plain(values.get(name, ""))}
    if [row for row in list_rows(values, 0) if row.text] != [row for row in list_rows(saved, 0) if row.text]:
        theirs["steps"] = "\n".join(step.text for step in plan.steps)
    return theirs


def _plain(value: str | list[str]) -> str:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
