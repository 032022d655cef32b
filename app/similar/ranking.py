"""What makes a case similar, in numbers that add up, and in which order the similar ones are shown. Pure.

    text  = 0.65 meaning + 0.35 words                  (without the model: words)
    score = (text + what is shared) / (1 + what could be shared)

Every part is between 0 and 1, and so is the score. `meaning` is the cosine between the query's vector and the
passage's, on a scale where unrelated texts lie about 0; `words` is how much of the query's information (rare words
weigh more) stands in the passage. Both are of the one passage that matches best.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

Band: TypeAlias = Literal["strong", "possible"]
Part: TypeAlias = Literal["meaning", "words", "obstacle", "industry", "product", "stage"]
Mode: TypeAlias = Literal["full", "keywords"]

MEANING_WEIGHT = 0.65
WORDS_WEIGHT = 1 - MEANING_WEIGHT

UNRELATED_COSINE = 0.80
SAME_COSINE = 0.92
LANGUAGE_GAPS: Mapping[frozenset[str], float] = {
    frozenset({"nb", "sv"}): 0.02,
    frozenset({"nb", "en"}): 0.044,
    frozenset({"sv", "en"}): 0.037,
}
OTHER_GAP = 0.04
"""Of multilingual-e5-small: texts of two languages lie this much further apart than they mean."""

SOLUTION_SHARE = 0.85
"""What was planned or done means less for likeness than what was stuck, as the model tells them apart poorly."""

WORDS_BESIDE_MEANING = 0.4
"""The share of words that a passage of the query's language usually has, for one whose language has other words."""

ENOUGH_INFORMATION = 24.0
"""About five rare words: a long query need not be found whole."""
LENGTH_SHARE = 0.3
"""How much a longer passage must hold to count the same, as BM25's b."""

FACET_WEIGHTS: Mapping[Mode, Mapping[Part, float]] = {
    "full": {"obstacle": 0.25, "industry": 0.04, "product": 0.04, "stage": 0.03},
    "keywords": {"obstacle": 0.45, "industry": 0.15, "product": 0.15, "stage": 0.1},
}
"""Codes say more where there is no meaning to compare."""

STRONG = 0.55
FLOORS: Mapping[Mode, float] = {"full": 0.36, "keywords": 0.2}
STEP = 0.05
"""Scores this close are equally relevant. The bands begin at a multiple of it."""

SAME_CUSTOMER_LIMIT = 2
SHOWN_WITH_FAILURE = 5
FEWEST_WITH_FAILURE = 3
FAILED_OUTCOMES = frozenset({"lost_competitor", "lost_no_decision", "withdrawn_by_us"})


@dataclass(frozen=True)
class Facets:
    """What a case is about in codes: shared by query and candidate, it is a reason."""

    obstacles: tuple[str, ...] = ()
    industry: str | None = None
    stage: str | None = None
    product: str = ""


@dataclass(frozen=True)
class Evidence:
    """How near one passage is to the query."""

    passage_id: UUID
    language: str
    cosine: float | None
    """None without a vector."""
    found: float
    """Information of the query's words that stand in the passage, in nats."""
    relative_length: float = 1.0
    """Different words in the passage, by the average of all passages."""
    tells_problem: bool = True
    """False for a passage on plans, answers or outcome."""


@dataclass(frozen=True)
class Candidate:
    """A case, or the practice made from it, with its passages that were looked at."""

    case_id: UUID
    practice_id: UUID | None
    is_open: bool
    moved_at: datetime
    evidence: tuple[Evidence, ...]
    facets: Facets = Facets()
    customer: str = ""
    outcome: str | None = None
    has_written_outcome: bool = False
    verified_uses: int = 0

    @property
    def failed(self) -> bool:
        return self.outcome in FAILED_OUTCOMES


@dataclass(frozen=True)
class Asked:
    """What is looked for, beside its text."""

    mode: Mode
    language: str
    facets: Facets = Facets()
    information: float = 0.0
    """Of all the query's words that were looked for, in nats."""


@dataclass(frozen=True)
class Ranked:
    """A candidate with its score; `parts` add up to it."""

    candidate: Candidate
    passage_id: UUID | None
    parts: Mapping[Part, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return math.fsum(self.parts.values())

    @property
    def band(self) -> Band:
        return "strong" if self.score >= STRONG else "possible"


@dataclass(frozen=True)
class Ranking:
    """Both pools, best first, and what came nearest when neither holds anything."""

    learn: list[Ranked]
    join: list[Ranked]
    nearest: Ranked | None


def rank(candidates: Iterable[Candidate], asked: Asked, limit: int, *, floor: bool = True) -> Ranking:
    """At most `limit` relevant candidates a pool; `nearest` only when no candidate at all is relevant.

    Without the floor every candidate counts as relevant and only the score orders them, so that it can be measured.
    """
    scored = [score_candidate(candidate, asked) for candidate in candidates]
    if not floor:
        scored.sort(key=lambda ranked: (ranked.score, ranked.candidate.case_id.int), reverse=True)
        learn, join = ([r for r in scored if r.candidate.is_open is is_open][:limit] for is_open in (False, True))
        return Ranking(learn, join, nearest=None)
    relevant = [ranked for ranked in scored if ranked.score >= FLOORS[asked.mode]]
    nearest = None if relevant else max(scored, key=lambda ranked: ranked.score, default=None)
    return Ranking(
        learn=choose_shown(order([ranked for ranked in relevant if not ranked.candidate.is_open]), limit),
        join=choose_shown(order([ranked for ranked in relevant if ranked.candidate.is_open]), limit),
        nearest=nearest,
    )


def score_candidate(candidate: Candidate, asked: Asked) -> Ranked:
    """The candidate's best passage and its shared codes, as parts of one score between 0 and 1."""
    text: dict[Part, float] = {}
    passage_id = None
    for evidence in candidate.evidence:
        parts = score_text(evidence, asked)
        if passage_id is None or sum(parts.values()) > sum(text.values()):
            text, passage_id = parts, evidence.passage_id
    weights = FACET_WEIGHTS[asked.mode]
    given = list_shared(asked.facets, asked.facets)
    shared = list_shared(asked.facets, candidate.facets)
    whole = 1 + sum(weights[part] for part in given)
    parts = {part: value / whole for part, value in text.items()}
    parts |= {part: weights[part] * share / whole for part, share in shared.items()}
    return Ranked(candidate, passage_id, {part: value for part, value in parts.items() if value > 0})


def score_text(evidence: Evidence, asked: Asked) -> dict[Part, float]:
    """How near a passage is by its meaning and by its words; together at most 1."""
    words = calibrate_words(evidence.found, asked.information, evidence.relative_length)
    if asked.mode == "keywords" or evidence.cosine is None:
        return {"words": words if asked.mode == "keywords" else WORDS_WEIGHT * words}
    meaning = calibrate_meaning(evidence.cosine, find_gap(asked.language, evidence.language))
    meaning *= 1.0 if evidence.tells_problem else SOLUTION_SHARE
    other = evidence.language != asked.language
    expected = max(0.0, WORDS_BESIDE_MEANING * meaning - words) if other else 0.0
    return {"meaning": MEANING_WEIGHT * meaning + WORDS_WEIGHT * expected, "words": WORDS_WEIGHT * words}


def find_gap(one: str, other: str) -> float:
    """How much further apart texts of these languages lie than texts of one."""
    return 0.0 if one == other else LANGUAGE_GAPS.get(frozenset({one, other}), OTHER_GAP)


def calibrate_meaning(cosine: float, gap: float) -> float:
    """0 for what unrelated texts have, 1 for what the same text in other words has."""
    return _clip((cosine + gap - UNRELATED_COSINE) / (SAME_COSINE - UNRELATED_COSINE))


def calibrate_words(found: float, information: float, relative_length: float) -> float:
    """The share of the query's information that was found, in a passage of average length."""
    enough = min(information, ENOUGH_INFORMATION)
    if enough <= 0:
        return 0.0
    return _clip(found / enough / (1 - LENGTH_SHARE + LENGTH_SHARE * max(1.0, relative_length)))


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))


def list_shared(asked: Facets, found: Facets) -> dict[Part, float]:
    """Which facets are the same. The obstacle counts whole when the main ones agree, else half."""
    shared: dict[Part, float] = {}
    common = set(asked.obstacles) & set(found.obstacles)
    if common:
        shared["obstacle"] = 1.0 if asked.obstacles[0] == found.obstacles[0] else 0.5
    if asked.industry is not None and asked.industry == found.industry:
        shared["industry"] = 1.0
    if asked.product and asked.product.casefold() == found.product.casefold():
        shared["product"] = 1.0
    if asked.stage is not None and asked.stage == found.stage:
        shared["stage"] = 1.0
    return shared


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
