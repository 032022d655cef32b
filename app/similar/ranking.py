"""In which order the similar ones are shown, and which are. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.similar.scoring import Asked, Candidate, Ranked, score_candidate

ALL_WORDS = 0.95
"""Share of the query's information; what holds it is a match whatever its score."""
STEP = 0.05
"""Scores this close are equally relevant. The bands begin at a multiple of it."""

SAME_CUSTOMER_LIMIT = 2
SHOWN_WITH_FAILURE = 5
FEWEST_WITH_FAILURE = 3


@dataclass(frozen=True)
class Ranking:
    """Both pools, best first, and what came nearest when neither holds anything."""

    learn: list[Ranked]
    join: list[Ranked]
    nearest: Ranked | None
    relevant: Sequence[Ranked] = ()
    """All that are, shown or not."""


def rank(candidates: Iterable[Candidate], asked: Asked, limit: int, *, floor: bool = True) -> Ranking:
    """At most `limit` relevant candidates a pool; `nearest` only when no candidate at all is relevant.

    Without the floor every candidate counts as relevant and only the score orders them, so that it can be measured.
    """
    compared = list(candidates)
    best = max((candidate.told for candidate in compared), default=0.0)
    scored = [score_candidate(candidate, asked, best) for candidate in compared]
    if not floor:
        scored.sort(key=lambda ranked: (ranked.score, ranked.candidate.case_id.int), reverse=True)
        learn, join = ([r for r in scored if r.candidate.is_open is is_open][:limit] for is_open in (False, True))
        return Ranking(learn, join, nearest=None)
    relevant = [ranked for ranked in scored if is_relevant(ranked, asked)]
    nearest = None if relevant else max(scored, key=lambda ranked: ranked.score, default=None)
    return Ranking(
        learn=choose_shown(order([ranked for ranked in relevant if not ranked.candidate.is_open]), limit),
        join=choose_shown(order([ranked for ranked in relevant if ranked.candidate.is_open]), limit),
        nearest=nearest,
        relevant=relevant,
    )


def is_relevant(ranked: Ranked, asked: Asked) -> bool:
    return ranked.score >= asked.find_floor(ranked.language) or holds_all(ranked.candidate, asked)


def holds_all(candidate: Candidate, asked: Asked) -> bool:
    """Whether a passage holds all the words that were asked for, as one does that is looked for by a word or two."""
    return any(evidence.found >= ALL_WORDS * asked.information > 0 for evidence in candidate.evidence)


def order(ranked: Iterable[Ranked]) -> list[Ranked]:
    """By relevance in steps; among the equally relevant a written outcome, verified reuse and newness decide."""
    return sorted(
        ranked,
        key=lambda r: (
            math.floor(r.score / STEP + 1e-9),
            r.candidate.has_written_outcome,
            r.candidate.verified_uses,
            r.score,
            r.candidate.moved_at,
            r.candidate.case_id.int,
        ),
        reverse=True,
    )


def choose_shown(ordered: Sequence[Ranked], limit: int) -> list[Ranked]:
    """The first `limit`, at most two of a customer, and a failure among five when one is relevant."""
    of_customer: Counter[str] = Counter()
    allowed = []
    for ranked in ordered:
        customer = ranked.candidate.customer.strip().casefold()
        of_customer[customer] += 1
        if not customer or of_customer[customer] <= SAME_CUSTOMER_LIMIT:
            allowed.append(ranked)
    shown = allowed[:limit]
    head = min(limit, SHOWN_WITH_FAILURE)
    if head < FEWEST_WITH_FAILURE or any(ranked.candidate.failed for ranked in shown[:head]):
        return shown
    failure = next((ranked for ranked in allowed[head:] if ranked.candidate.failed), None)
    if failure is None:
        return shown
    others = [ranked for ranked in allowed if ranked is not failure]
    return [*others[: head - 1], failure, *others[head - 1 :]][:limit]
