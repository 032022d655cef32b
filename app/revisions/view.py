"""Revisions as the pages show them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from textwrap import shorten

from app.accounts.viewer import Viewer
from app.cases.deps import may_edit
from app.cases.models import Case, Question, Revision, RevisionKind
from app.cases.plans.deps import may_edit_plan
from app.cases.workflow import CLOSED_STATES, OPEN_STATES
from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.revisions.diff import Op, Piece, compare
from app.revisions.queries import RevisionRow

HEADING_LENGTH = 90

LABELS: Mapping[str, str] = {
    "title": N_("Title"),
    "situation": N_("Situation"),
    "obstacle_words": N_("Why it is stuck"),
    "worked": N_("What has worked"),
    "not_worked": N_("What has not"),
    "current_state": N_("Where it stands"),
    "desired_state": N_("What we want to achieve"),
    "outcome_worked": N_("What worked"),
    "outcome_not_worked": N_("What did not"),
    "outcome_current_state": N_("It stands like this"),
    "move": N_("What do we do?"),
    "steps": N_("Steps"),
    "positioning": N_("What to say"),
    "good_customer": N_("Good for the customer"),
    "good_us": N_("Good for us"),
    "bad_customer": N_("Bad for the customer"),
    "bad_us": N_("Bad for us"),
    "switch_rule": N_("Switch when"),
    "answer": N_("The answer"),
    "when_to_use": N_("When to use it"),
    "what_to_do": N_("What to do"),
    "what_to_say": N_("What to say"),
    "why_it_worked": N_("Why it worked"),
    "when_not_to": N_("When not to"),
}
"""The texts in the order they are read."""


@dataclass(frozen=True)
class Change:
    """What happened to one text."""

    field: str
    label: str
    pieces: list[Piece]


@dataclass(frozen=True)
class Shown:
    """A revision with what was changed; the first shows what stood there, of which nothing was."""

    revision: Revision
    heading: str
    changes: list[Change]
    is_first: bool
    is_latest: bool
    may_restore: bool


def list_changes(row: RevisionRow) -> list[Change]:
    """The texts that differ from those before, word by word. Of the first revision there are none."""
    if row.previous is None:
        return []
    before, after = row.previous, row.revision.texts
    fields = [name for name in LABELS if before.get(name, "") != after.get(name, "")]
    return [Change(name, _(LABELS[name]), compare(before.get(name, ""), after.get(name, ""))) for name in fields]


def show(row: RevisionRow, may_change: Callable[[RevisionRow], bool]) -> Shown:
    texts = row.revision.texts
    first = [Change(name, _(LABELS[name]), [Piece(Op.SAME, texts[name])]) for name in LABELS if texts.get(name)]
    return Shown(
        revision=row.revision,
        heading=_name(row),
        changes=first if row.previous is None else list_changes(row),
        is_first=row.previous is None,
        is_latest=row.is_latest,
        may_restore=not row.is_latest and may_change(row),
    )


def _name(row: RevisionRow) -> str:
    if row.plan is not None:
        return _("Plan %(letter)s") % {"letter": row.plan.letter}
    if row.answered is not None:
        asked = shorten(row.answered.text, HEADING_LENGTH, placeholder=" …")
        return _("Answer to “{text}”").format(text=asked)
    return {
        RevisionKind.STORY: _("The story"),
        RevisionKind.OUTCOME: _("Outcome"),
        RevisionKind.PRACTICE: _("Practice"),
    }[row.revision.kind]


def may_change_on(case: Case, viewer: Viewer) -> Callable[[RevisionRow], bool]:
    """Which of a case's texts the viewer may change now."""

    def may_change(row: RevisionRow) -> bool:
        if row.plan is not None:
            return may_edit_plan(case, row.plan, viewer) and case.state in OPEN_STATES
        if row.answered is not None:
            is_open = case.state in OPEN_STATES or (isinstance(row.answered, Question) and case.state in CLOSED_STATES)
            return is_open and row.answered.answered_by_id in viewer.user_ids
        return may_edit(case, viewer)

    return may_change
