import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.similar.ranking import STEP, choose_shown, is_relevant, order, rank
from app.similar.scoring import (
    FAILED_OUTCOMES,
    FLOOR_OF_WORDS,
    MOST_DOUBT,
    STRONG,
    UNMEASURED,
    UNTOLD,
    USE_OUTWEIGHS,
    Asked,
    Candidate,
    Evidence,
    Facets,
    Part,
    Ranked,
    Reception,
    Story,
    lean,
    score_candidate,
)

NOW = datetime(2026, 11, 2, tzinfo=UTC)
OUTCOMES = ["won_a", "won_other", "lost_competitor", "lost_no_decision", "withdrawn_by_us", None]

LANGUAGES = st.sampled_from(["nb", "sv", "en", "fi"])

facets = st.builds(
    Facets,
    obstacles=st.lists(st.sampled_from(["silent", "champion_left", "other"]), unique=True, max_size=3).map(tuple),
    industry=st.sampled_from([None, "retail", "healthcare"]),
    stage=st.sampled_from([None, "proposal"]),
    product=st.sampled_from(["", "Rutekart", "rutekart"]),
)
evidence = st.builds(
    Evidence,
    passage_id=st.uuids(),
    language=LANGUAGES,
    cosine=st.one_of(st.none(), st.floats(-1, 1)),
    found=st.floats(0, 60),
    tells_problem=st.booleans(),
)
receptions = st.builds(Reception, unhelpful=st.integers(0, 40), worked=st.integers(0, 5))
candidates = st.builds(
    Candidate,
    case_id=st.uuids(),
    practice_id=st.none(),
    is_open=st.booleans(),
    moved_at=st.integers(0, 400).map(lambda days: NOW - timedelta(days=days)),
    evidence=st.lists(evidence, max_size=4).map(tuple),
    told=st.floats(0, 60),
    story=st.builds(Story, st.floats(-1, 1), st.floats(0, 1)),
    facets=facets,
    customer=st.sampled_from(["", "Fjord AS", " fjord as", "Havn AS"]),
    outcome=st.sampled_from(OUTCOMES),
    has_written_outcome=st.booleans(),
    verified_uses=st.integers(0, 3),
    reception=receptions,
)
asked = st.builds(
    Asked,
    mode=st.sampled_from(["full", "keywords"]),
    language=LANGUAGES,
    facets=facets,
    information=st.floats(0, 80),
    stuck=st.floats(0, 1),
    leaning=st.floats(-10, 0),
)
BEST = 60.0
"""More than any passage here tells."""


def score(candidate: Candidate, asked: Asked) -> Ranked:
    return score_candidate(candidate, asked, BEST)


pools = st.lists(candidates, max_size=30, unique_by=lambda candidate: candidate.case_id)


@given(candidates, asked)
def test_the_score_is_the_sum_of_its_parts_and_bounded(candidate: Candidate, asked: Asked) -> None:
    ranked = score(candidate, asked)
    assert ranked.score == pytest.approx(math.fsum(ranked.parts.values()))
    assert 0 <= ranked.score <= 1 + 1e-9
    assert all((value < 0) is (part == "feedback") and value for part, value in ranked.parts.items())


@given(candidates, asked, st.floats(0, 0.5))
def test_more_evidence_never_lowers_the_score(candidate: Candidate, asked: Asked, more: float) -> None:
    better = Candidate(
        **candidate.__dict__
        | {
            "evidence": tuple(
                replace(e, found=e.found + more, cosine=None if e.cosine is None else e.cosine + more)
                for e in candidate.evidence
            ),
            "told": candidate.told + more,
        }
    )
    assert score(better, asked).score >= score(candidate, asked).score - 1e-9


def with_reception(candidate: Candidate, reception: Reception) -> Candidate:
    return replace(candidate, reception=reception)


@given(candidates, asked, receptions)
def test_feedback_costs_a_bounded_share_and_hides_nothing_else(
    candidate: Candidate, asked: Asked, reception: Reception
) -> None:
    untold, told = (score(with_reception(candidate, taken), asked) for taken in (UNTOLD, reception))
    assert "feedback" not in untold.parts
    assert {part: value for part, value in told.parts.items() if part != "feedback"} == untold.parts
    assert (1 - MOST_DOUBT) * untold.score - 1e-9 <= told.score <= untold.score
    if untold.band == "strong":
        assert told.score > max(FLOOR_OF_WORDS, UNMEASURED.of_others)


@given(candidates, asked, receptions, st.integers(1, 10))
def test_more_who_found_no_help_never_raise_a_score_and_more_for_whom_it_worked_never_lower_it(
    candidate: Candidate, asked: Asked, reception: Reception, more: int
) -> None:
    as_told = score(with_reception(candidate, reception), asked).score
    unhelpful = replace(reception, unhelpful=reception.unhelpful + more)
    worked = replace(reception, worked=reception.worked + more)
    assert score(with_reception(candidate, unhelpful), asked).score <= as_told
    assert score(with_reception(candidate, worked), asked).score >= as_told


@given(candidates, asked, st.integers(0, 5))
def test_those_for_whom_it_worked_outweigh_twice_as_many(candidate: Candidate, asked: Asked, worked: int) -> None:
    outweighed = with_reception(candidate, Reception(USE_OUTWEIGHS * worked, worked))
    assert score(outweighed, asked) == Ranked(outweighed, *score_untold(candidate, asked))


def score_untold(candidate: Candidate, asked: Asked) -> tuple[UUID | None, Mapping[Part, float]]:
    ranked = score(with_reception(candidate, UNTOLD), asked)
    return ranked.passage_id, ranked.parts


def test_a_handful_of_voices_moves_no_match_by_two_steps() -> None:
    assert 0 < Reception(1).doubt < STEP
    assert Reception(5).doubt < 2 * STEP


@given(pools, asked, st.integers(1, 20))
def test_pools_hold_what_belongs_there(pool: list[Candidate], asked: Asked, limit: int) -> None:
    ranking = rank(pool, asked, limit)
    assert all(not ranked.candidate.is_open for ranked in ranking.learn)
    assert all(ranked.candidate.is_open for ranked in ranking.join)
    for shown in (ranking.learn, ranking.join):
        assert len(shown) <= limit
        assert all(is_relevant(ranked, asked) for ranked in shown)
        assert len({ranked.candidate.case_id for ranked in shown}) == len(shown)
        customers = [ranked.candidate.customer.strip().casefold() for ranked in shown]
        assert all(not customer or customers.count(customer) <= 2 for customer in customers)
    if ranking.nearest:
        assert not ranking.learn
        assert not ranking.join


@given(pools, asked, st.integers(3, 20))
def test_a_relevant_failure_is_among_the_first_five(pool: list[Candidate], asked: Asked, limit: int) -> None:
    without_customers = [Candidate(**candidate.__dict__ | {"customer": ""}) for candidate in pool]
    relevant = rank(without_customers, asked, len(pool)).learn
    shown = rank(without_customers, asked, limit).learn
    if any(ranked.candidate.failed for ranked in relevant):
        assert any(ranked.candidate.failed for ranked in shown[:5])
    assert len(shown) == min(limit, len(relevant))


@given(pools, asked)
def test_order_is_by_relevance_then_outcome_then_reuse(pool: list[Candidate], asked: Asked) -> None:
    ordered = order([score(candidate, asked) for candidate in pool])
    keys = [
        (math.floor(r.score / STEP + 1e-9), r.candidate.has_written_outcome, r.candidate.verified_uses) for r in ordered
    ]
    assert keys == sorted(keys, reverse=True)
    assert order(reversed(ordered)) == ordered


def test_the_bands_begin_at_a_step() -> None:
    assert pytest.approx(round(STRONG / STEP)) == STRONG / STEP


def make(score: float, **fields: object) -> Ranked:
    candidate = Candidate(
        **{"case_id": uuid4(), "practice_id": None, "is_open": False, "moved_at": NOW, "evidence": ()} | fields  # type: ignore[arg-type]
    )
    return Ranked(candidate, UUID(int=1), {"meaning": score})


def test_one_failure_takes_the_fifth_place_and_the_others_keep_theirs() -> None:
    won = [make(0.9 - n / 100, outcome="won_a") for n in range(7)]
    lost = make(0.4, outcome=next(iter(FAILED_OUTCOMES)))
    assert choose_shown([*won, lost], 6) == [*won[:4], lost, won[4]]
    assert choose_shown([*won, lost], 2) == won[:2]


def near(cosine: float, found: float, language: str) -> Candidate:
    passage = Evidence(uuid4(), language, cosine, found)
    return Candidate(uuid4(), None, is_open=False, moved_at=NOW, evidence=(passage,))


def test_a_passage_in_another_language_is_not_outdone_by_a_few_words() -> None:
    asked = Asked("full", "nb", information=40)
    swedish, norwegian = near(0.6, 0, "sv"), near(0.45, 8, "nb")
    assert score(swedish, asked).score > score(norwegian, asked).score
    assert score(swedish, asked).score > score(near(0.6, 0, "nb"), asked).score


def test_what_is_found_beside_a_text_may_tell_that_it_is_of_no_stuck_deal() -> None:
    among_stuck = [replace(near(0.3, 0, "nb"), story=Story(0.5, stuck)) for stuck in (0.9, 1.0)]
    among_others = [replace(near(0.3, 0, "nb"), story=Story(0.5, stuck)) for stuck in (0.0, 0.1)]
    read = [Asked("full", "nb", stuck=0.7, leaning=lean(found)) for found in ([], among_stuck, among_others)]
    alone, unmoved, lowered = (asked.as_stuck for asked in read)
    assert alone == pytest.approx(unmoved) == pytest.approx(0.7)
    assert lowered < 0.01
    assert len({asked.find_floor("nb") for asked in read}) == 1, "what a match needs is read from the text alone"


def test_the_story_counts_as_surely_as_both_are_stuck_deals() -> None:
    candidate = near(0.3, 0, "nb")
    told = Candidate(**candidate.__dict__ | {"story": Story(0.3, 1.0)})
    scores = [score(told, Asked("full", "nb", stuck=stuck)).parts["story"] for stuck in (0, 0.5, 1)]
    assert scores == sorted(scores)
    assert scores[2] > 5 * scores[0]
    other = Candidate(**candidate.__dict__ | {"story": Story(0.3, 0.1)})
    assert score(other, Asked("full", "nb", stuck=1)).score < score(told, Asked("full", "nb", stuck=1)).score
