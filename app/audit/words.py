"""The audit trail in words. Every action that is recorded anywhere has its words here; a test holds it."""

from collections.abc import Mapping
from uuid import UUID

from app.accounts.people.schemas import ROLE_NAMES
from app.cases.models import HAT_NAMES, HatKind
from app.cases.workflow import STATE_NAMES, State
from app.core.i18n import N_
from app.core.i18n import gettext as _

MOVED = "case.moved"

ACTIONS: Mapping[str, str] = {
    MOVED: N_("moved the case"),
    "case.changed": N_("changed the case"),
    "case.handed_over": N_("handed the case over"),
    "case.questions_skipped": N_("skipped the questions, with a reason"),
    "case.restricted_opened": N_("opened a restricted case as an admin"),
    "case.linked": N_("linked the case to another"),
    "case.unlinked": N_("took a link to another case back"),
    "deal.created": N_("made a deal"),
    "deal.changed": N_("changed a deal"),
    "attachment.added": N_("attached a file"),
    "attachment.removed": N_("removed a file"),
    "question.asked": N_("asked a question"),
    "question.asked_of_solver": N_("asked who solved something like it"),
    "question.answered": N_("answered a question"),
    "hat.asked": N_("asked somebody to wear a hat"),
    "hat.accepted": N_("accepted a hat"),
    "hat.declined": N_("declined a hat"),
    "hat.removed": N_("took a hat away"),
    "plan.proposed": N_("proposed a plan"),
    "plan.changed": N_("changed a plan"),
    "step.done": N_("ticked a step"),
    "step.undone": N_("took the tick off a step"),
    "objection.raised": N_("raised an objection"),
    "objection.answered": N_("answered an objection"),
    "objection.linked": N_("named the earlier case of an objection"),
    "outcome.postponed": N_("told that the case is still open"),
    "practice.changed": N_("changed a practice"),
    "practice.trust_set": N_("judged a practice"),
    "news.written": N_("wrote news"),
    "news.decided": N_("decided who gets news"),
    "news.withdrawn": N_("took news away"),
    "person.invited": N_("invited somebody"),
    "person.created": N_("made an account"),
    "invitation.revoked": N_("took an invitation back"),
    "person.joined": N_("took an invitation"),
    "person.changed": N_("changed a person"),
    "person.deactivated": N_("shut somebody out"),
    "person.reactivated": N_("let somebody in again"),
    "link.created": N_("made a link to get in"),
    "address.created": N_("made a private address"),
    "address.ended": N_("ended a private address"),
    "password.changed": N_("changed the password"),
    "team.created": N_("made a team"),
    "team.changed": N_("changed a team"),
    "code.created": N_("added to a list"),
    "code.changed": N_("changed a word in a list"),
    "code.retired": N_("retired a word of a list"),
    "code.restored": N_("brought a word of a list back"),
    "key.created": N_("made an API key"),
    "key.revoked": N_("revoked an API key"),
    "cases.imported": N_("imported cases"),
    "export.asked": N_("asked for an export"),
    "export.fetched": N_("fetched an export"),
    "access.refused": N_("was refused"),
}
"""What somebody did, as it stands after the name. Marked for the catalogue, not yet translated."""

FIELDS: Mapping[str, str] = {
    "title": N_("title"),
    "deal": N_("customer and deal"),
    "obstacles": N_("why it is stuck"),
    "obstacle_words": N_("why it is stuck, in words"),
    "situation": N_("situation"),
    "worked": N_("what has worked"),
    "not_worked": N_("what has not worked"),
    "current_state": N_("where it stands"),
    "desired_state": N_("what is to be achieved"),
    "outcome_worked": N_("what worked in the end"),
    "outcome_not_worked": N_("what did not work in the end"),
    "outcome_current_state": N_("where it stood in the end"),
    "industry": N_("industry"),
    "stage": N_("stage"),
    "product": N_("product"),
    "tags": N_("tags"),
    "language": N_("language"),
    "visibility": N_("who may see it"),
    "team": N_("team"),
    "move": N_("move"),
    "positioning": N_("what to say"),
    "steps": N_("steps"),
    "effort": N_("effort"),
    "switch_rule": N_("when to switch"),
    "switch_on": N_("when to switch"),
    "good_customer": N_("consequences"),
    "bad_customer": N_("consequences"),
    "good_us": N_("consequences"),
    "bad_us": N_("consequences"),
    "when_to_use": N_("when to use it"),
    "what_to_do": N_("what to do"),
    "what_to_say": N_("what to say"),
    "why_it_worked": N_("why it worked"),
    "when_not_to": N_("when not to"),
    "audience": N_("who may see it"),
}

VALUES: Mapping[str, str] = {
    "validated": N_("Validated"),
    "not_validated": N_("Not validated"),
    "needs_review": N_("Needs review"),
    "obsolete": N_("Obsolete"),
    "invitation": N_("Invitation"),
    "password_reset": N_("New password"),
    "organisation": N_("Everything in the organisation"),
    "person": N_("One person's data"),
    "mailed": N_("mailed"),
    "feed": N_("Feed reader"),
    "calendar": N_("Calendar"),
    "shown": N_("shown"),
    "duplicate_of": N_("The same as"),
    "follows_from": N_("Follows from"),
    "related": N_("Belongs together with"),
    **{role.value: name for role, name in ROLE_NAMES.items()},
}

PEOPLE = ("owner", "user", "heir")
"""Details that hold a person's id."""


def name_action(action: str) -> str:
    return _(ACTIONS.get(action, action))


def describe(details: Mapping[str, str], names: Mapping[UUID, str]) -> str:
    """The details of an event in one line; `names` are those of the ids that may be named."""
    parts = [_describe_one(name, value, names) for name, value in details.items() if name not in {"from", "note"}]
    return " · ".join(part for part in parts if part)


def _describe_one(name: str, value: str, names: Mapping[UUID, str]) -> str:
    if name == "to":
        return _(STATE_NAMES[State(value)])
    if name == "plan":
        return _("Plan %(letter)s") % {"letter": value}
    if name == "hat":
        return _(HAT_NAMES[HatKind(value)])
    if name == "fields":
        return ", ".join(dict.fromkeys(_(FIELDS.get(field, field)) for field in value.split(", ")))
    if name in PEOPLE:
        return names.get(UUID(value), "")
    return _(VALUES[value]) if value in VALUES else value
