"""What a notification says, in the language of the reader, and where it leads."""

from collections.abc import Mapping
from textwrap import shorten
from typing import NamedTuple
from uuid import UUID

from app.cases.models import HAT_NAMES, HatStatus
from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.notifications.models import Kind
from app.notifications.queries import Told
from app.practices.models import UseResult

SEARCH_SHOWN = 60

WORDS: Mapping[Kind, str] = {
    Kind.CASE_POSTED: N_("{name} posted a case"),
    Kind.QUESTION: N_("{name} asks a question"),
    Kind.SOLVER_ASKED: N_("{name} asks you, who solved it"),
    Kind.ANSWER: N_("{name} answered your question"),
    Kind.PLAN_PROPOSED: N_("{name} proposes a plan"),
    Kind.PLAN_CHOSEN: N_("{name} chose a plan"),
    Kind.OUTCOME_DUE: N_("Tell how it went"),
    Kind.CASE_RESOLVED: N_("{name} told how it ended"),
    Kind.CASE_SHARED: N_("{name} shared what was learned"),
    Kind.CASE_REOPENED: N_("{name} reopened the case"),
    Kind.CASE_USED: N_("{name} started a plan from your case"),
    Kind.PRACTICE_CHANGED: N_("{name} changed the practice"),
    Kind.PRACTICE_FLAGGED: N_("{name} asks for a review"),
    Kind.MENTION: N_("{name} mentions you"),
    Kind.COMMENT: N_("{name} comments"),
}
HAT_WORDS: Mapping[HatStatus, str] = {
    HatStatus.ACCEPTED: N_("{name} said yes: {hat}"),
    HatStatus.DECLINED: N_("{name} said no: {hat}"),
}
USE_WORDS: Mapping[UseResult | None, str] = {
    None: N_("{name} is trying your practice"),
    UseResult.WORKED: N_("{name} used your practice, and it worked"),
    UseResult.PARTLY: N_("{name} used your practice, and it worked in part"),
    UseResult.NOT: N_("{name} used your practice, and it did not work"),
}
ANCHORS: Mapping[Kind, str] = {
    Kind.QUESTION: "questions",
    Kind.SOLVER_ASKED: "questions",
    Kind.ANSWER: "questions",
    Kind.PLAN_PROPOSED: "plans",
    Kind.PLAN_CHOSEN: "plans",
    Kind.OUTCOME_DUE: "plans",
    Kind.MENTION: "comments",
    Kind.COMMENT: "comments",
}


def say(told: Told) -> str:
    """What happened, in one short sentence without a stop."""
    if told.search is not None:
        return _("New for your search “{search}”").format(search=shorten(told.search, SEARCH_SHOWN, placeholder="…"))
    name = told.actor or _("Somebody")
    if told.hat is None:
        words = USE_WORDS[told.result] if told.kind is Kind.PRACTICE_USED else WORDS[told.kind]
        return _(words).format(name=name)
    hat = _(HAT_NAMES[told.hat])
    if told.kind is Kind.HAT_ANSWERED and told.hat_status is not None:
        return _(HAT_WORDS[told.hat_status]).format(name=name, hat=hat)
    words = _("{name} offers to be {hat}") if told.offered else _("{name} asks you to be {hat}")
    return words.format(name=name, hat=hat)


class Place(NamedTuple):
    """A route with its parameters, and a part of its page."""

    route: str
    params: dict[str, UUID]
    anchor: str = ""


def find_place(told: Told) -> Place:
    """Where the reader does what is to be done about it."""
    if told.practice_id is not None:
        return Place("practice_detail", {"practice_id": told.practice_id}, ANCHORS.get(told.kind, ""))
    if told.kind is Kind.HAT_ASKED and told.hat_status is HatStatus.ASKED:
        return Place("show_hat", {"case_id": told.case_id, "hat_id": told.subject_id})
    return Place("case_detail", {"case_id": told.case_id}, ANCHORS.get(told.kind, ""))
