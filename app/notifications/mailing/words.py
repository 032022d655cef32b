"""The kinds as a person chooses among them."""

from collections.abc import Mapping, Sequence

from app.core.i18n import N_
from app.notifications.models import Kind

GROUPS: Sequence[tuple[str, Sequence[Kind]]] = [
    (N_("Somebody wants something of you"), [Kind.QUESTION, Kind.SOLVER_ASKED, Kind.HAT_ASKED, Kind.MENTION]),
    (
        N_("Your cases, and those you follow"),
        [
            Kind.ANSWER,
            Kind.HAT_ANSWERED,
            Kind.PLAN_PROPOSED,
            Kind.PLAN_CHOSEN,
            Kind.COMMENT,
            Kind.OUTCOME_DUE,
            Kind.CASE_USED,
        ],
    ),
    (
        N_("What you follow, and cases you took part in"),
        [Kind.SEARCH_FOUND, Kind.CASE_POSTED, Kind.CASE_RESOLVED, Kind.CASE_SHARED, Kind.CASE_REOPENED],
    ),
    (N_("Practices"), [Kind.PRACTICE_USED, Kind.PRACTICE_CHANGED, Kind.PRACTICE_FLAGGED]),
]

NAMES: Mapping[Kind, str] = {
    Kind.QUESTION: N_("A question is asked"),
    Kind.SOLVER_ASKED: N_("You are asked as the one who solved it"),
    Kind.HAT_ASKED: N_("You are asked for a hat, or offered one"),
    Kind.MENTION: N_("You are mentioned"),
    Kind.ANSWER: N_("Your question is answered"),
    Kind.HAT_ANSWERED: N_("Somebody says yes or no to a hat"),
    Kind.PLAN_PROPOSED: N_("A plan is proposed"),
    Kind.PLAN_CHOSEN: N_("A plan is chosen"),
    Kind.COMMENT: N_("A comment is written"),
    Kind.OUTCOME_DUE: N_("It is time to tell how it went"),
    Kind.CASE_USED: N_("Somebody starts a plan from your case"),
    Kind.SEARCH_FOUND: N_("Something new fits a saved search"),
    Kind.CASE_POSTED: N_("A case is posted"),
    Kind.CASE_RESOLVED: N_("A case is closed"),
    Kind.CASE_SHARED: N_("What was learned is shared"),
    Kind.CASE_REOPENED: N_("A case is reopened"),
    Kind.PRACTICE_USED: N_("Somebody uses your practice"),
    Kind.PRACTICE_CHANGED: N_("A practice is changed"),
    Kind.PRACTICE_FLAGGED: N_("A practice needs a review"),
}
