from dataclasses import replace

import pytest

from app.cases.workflow import MOVES, CaseFacts, Move, State, find_missing, find_next, is_possible

READY = CaseFacts(
    State.DRAFT,
    title="Quiet since the demo",
    customer="Havnelast AS",
    obstacles=1,
    situation="Nobody answers.",
    desired_state="A meeting.",
)


def fields(move: Move, facts: CaseFacts) -> list[str]:
    return [need.field for need in find_missing(move, facts)]


def test_empty_draft_needs_the_five_things_in_the_order_of_the_form() -> None:
    assert fields(Move.POST, CaseFacts(State.DRAFT)) == [
        "title",
        "customer",
        "obstacles",
        "situation",
        "desired_state",
    ]
    assert fields(Move.POST, READY) == []


@pytest.mark.parametrize(
    ("answered", "reason", "missing"),
    [(0, "", True), (1, "", True), (2, "", False), (0, "We sparred in the meeting.", False)],
)
def test_plans_wait_for_two_answers_or_a_reason(answered: int, reason: str, missing: bool) -> None:  # noqa: FBT001
    facts = replace(READY, state=State.INVESTIGATING, answered_questions=answered, skip_questions_reason=reason)
    assert bool(find_missing(Move.CREATE, facts)) is missing


def test_choice_needs_two_plans_a_switch_rule_and_a_reason() -> None:
    facts = replace(READY, state=State.CREATING, plans_with_move=1)
    assert fields(Move.CHOOSE, facts) == ["plans", "switch_rule", "reason"]
    assert (
        fields(Move.CHOOSE, replace(facts, plans_with_move=2, first_plan_switch_rule="By May", reason="It fits")) == []
    )


@pytest.mark.parametrize(("key", "needs_plan"), [("won_a", True), ("won_b", True), ("lost_competitor", False)])
def test_outcome_says_what_worked_and_a_win_by_plan_which(key: str, needs_plan: bool) -> None:  # noqa: FBT001
    facts = replace(READY, state=State.TRYING, outcome_key=key)
    assert ("plan" in fields(Move.RESOLVE, facts)) is needs_plan
    assert "worked" in fields(Move.RESOLVE, facts)
    assert "worked" not in fields(Move.RESOLVE, replace(facts, outcome_not_worked="The price."))


@pytest.mark.parametrize("move", [Move.WITHDRAW, Move.REOPEN])
def test_going_back_needs_a_reason(move: Move) -> None:
    assert fields(move, READY) == ["reason"]
    assert fields(move, replace(READY, reason="Sold to another group.")) == []


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_moves_exist_from_their_states_alone(move: Move, state: State) -> None:
    assert is_possible(move, state) is (state in MOVES[move][0])


def test_a_resolved_case_is_neither_withdrawn_nor_posted_again() -> None:
    assert not is_possible(Move.WITHDRAW, State.RESOLVED)
    assert not is_possible(Move.POST, State.INVESTIGATING)
    assert MOVES[Move.REOPEN][1] is State.INVESTIGATING


@pytest.mark.parametrize("state", [State.SHARED, State.WITHDRAWN])
def test_an_ended_case_has_no_next_move(state: State) -> None:
    assert find_next(replace(READY, state=state)) == (None, [])


def test_next_move_asks_only_for_what_must_be_there_before() -> None:
    facts = replace(READY, state=State.CREATING, plans_with_move=2, first_plan_switch_rule="By May")
    assert find_next(facts) == (Move.CHOOSE, [])
