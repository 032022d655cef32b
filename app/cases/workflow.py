"""The states of a case and what each move needs. Pure: facts in, what is missing out."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.i18n import N_


class State(StrEnum):
    DRAFT = "draft"
    INVESTIGATING = "investigating"
    CREATING = "creating"
    TRYING = "trying"
    RESOLVED = "resolved"
    SHARED = "shared"
    WITHDRAWN = "withdrawn"


STATE_NAMES: dict[State, str] = {
    State.DRAFT: N_("Draft"),
    State.INVESTIGATING: N_("Investigating"),
    State.CREATING: N_("Creating"),
    State.TRYING: N_("Trying"),
    State.RESOLVED: N_("Resolved"),
    State.SHARED: N_("Shared"),
    State.WITHDRAWN: N_("Withdrawn"),
}
"""Marked for the catalogue, not yet translated."""

OPEN_STATES = frozenset({State.INVESTIGATING, State.CREATING, State.TRYING})
CLOSED_STATES = frozenset({State.RESOLVED, State.SHARED})


class Move(StrEnum):
    POST = "post"
    CREATE = "create"
    CHOOSE = "choose"
    RESOLVE = "resolve"
    SHARE = "share"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"


MOVES: dict[Move, tuple[frozenset[State], State]] = {
    Move.POST: (frozenset({State.DRAFT}), State.INVESTIGATING),
    Move.CREATE: (frozenset({State.INVESTIGATING}), State.CREATING),
    Move.CHOOSE: (frozenset({State.CREATING, State.TRYING}), State.TRYING),
    Move.RESOLVE: (frozenset({State.TRYING}), State.RESOLVED),
    Move.SHARE: (frozenset({State.RESOLVED}), State.SHARED),
    Move.REOPEN: (frozenset({State.RESOLVED, State.SHARED, State.WITHDRAWN}), State.INVESTIGATING),
    Move.WITHDRAW: (
        frozenset({State.DRAFT, State.INVESTIGATING, State.CREATING, State.TRYING}),
        State.WITHDRAWN,
    ),
}

NEXT: dict[State, Move] = {
    State.DRAFT: Move.POST,
    State.INVESTIGATING: Move.CREATE,
    State.CREATING: Move.CHOOSE,
    State.TRYING: Move.RESOLVE,
    State.RESOLVED: Move.SHARE,
}
"""The move that leads on; a shared or withdrawn case has none."""

QUESTIONS_BEFORE_PLANS = 2
PLANS_BEFORE_CHOICE = 2


@dataclass(frozen=True)
class Missing:
    """Something a move still needs: the field it belongs to, and what to say. Marked, not yet translated."""

    field: str
    message: str


@dataclass(frozen=True)
class CaseFacts:
    """What the guards look at."""

    state: State
    title: str = ""
    customer: str = ""
    obstacles: int = 0
    situation: str = ""
    desired_state: str = ""
    for_a_missing_team: bool = False
    """Whether the case is for its team and has none, so that nobody would see it."""
    answered_questions: int = 0
    skip_questions_reason: str = ""
    plans_with_move: int = 0
    first_plan_switch_rule: str = ""
    reason: str = ""
    outcome_key: str = ""
    outcome_plan_given: bool = False
    outcome_worked: str = ""
    outcome_not_worked: str = ""


def is_possible(move: Move, state: State) -> bool:
    """Whether the move exists from this state at all."""
    return state in MOVES[move][0]


def find_missing(move: Move, facts: CaseFacts) -> list[Missing]:
    """What the move still needs, in the order a person would mend it; empty when it may go ahead."""
    return [missing for applies, missing in _needs(move, facts) if applies]


def find_next(facts: CaseFacts) -> tuple[Move | None, list[Missing]]:
    """The move that leads on, and what has to be there before somebody can make it."""
    move = NEXT.get(facts.state)
    return move, [] if move is None else find_missing(
        move, replace(facts, reason=facts.reason or "given with the move")
    )


def _needs(move: Move, facts: CaseFacts) -> list[tuple[bool, Missing]]:
    match move:
        case Move.POST:
            return [
                (not facts.title, Missing("title", N_("Give the case a title."))),
                (not facts.customer, Missing("customer", N_("Name the customer."))),
                (not facts.obstacles, Missing("obstacles", N_("Choose why it is stuck."))),
                (not facts.situation, Missing("situation", N_("Describe the situation."))),
                (not facts.desired_state, Missing("desired_state", N_("Say what you want to achieve."))),
                (facts.for_a_missing_team, Missing("visibility", N_("Choose a team, or let everyone see it."))),
            ]
        case Move.CREATE:
            sparred = facts.answered_questions >= QUESTIONS_BEFORE_PLANS or facts.skip_questions_reason
            return [
                (
                    not sparred,
                    Missing("skip_questions_reason", N_("Answer two questions first, or say why you skip them.")),
                )
            ]
        case Move.CHOOSE:
            return [
                (facts.plans_with_move < PLANS_BEFORE_CHOICE, Missing("plans", N_("Make a plan B to choose between."))),
                (not facts.first_plan_switch_rule, Missing("switch_rule", N_("Say when to switch from plan A."))),
                (not facts.reason, Missing("reason", N_("Say why this plan."))),
            ]
        case Move.RESOLVE:
            return [
                (not facts.outcome_key, Missing("outcome", N_("Say how it ended."))),
                (
                    facts.outcome_key in {"won_a", "won_b"} and not facts.outcome_plan_given,
                    Missing("plan", N_("Say which plan was used.")),
                ),
                (
                    not (facts.outcome_worked or facts.outcome_not_worked),
                    Missing("worked", N_("Write what worked or what did not.")),
                ),
            ]
        case Move.REOPEN | Move.WITHDRAW:
            return [(not facts.reason, Missing("reason", N_("Say why.")))]
        case Move.SHARE:
            return []
