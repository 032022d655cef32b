"""What makes a case similar, in numbers that add up. Pure.

    text  = (M meaning + story + words) / (1 + W)       (without the model: words alone)
    score = (text + what is shared) / (1 + what could be shared) * (1 - doubt)

- `meaning` is the cosine of the best passage with the query, both less the mean of their language; M is 1, and less
  the surer the text tells of a stuck deal;
- `story` is the cosine of the whole stories, read for why they are stuck, times how surely both are stuck deals;
- `doubt` is small: that colleagues found no help in the case, less that it worked for others;
- `words` is W times what the case tells of the query's rare words, measured by what the best case tells. A passage in
  another language is credited with what passages as near in meaning usually hold.

Every part but that of the doubt is at least 0, and the score between 0 and 1. docs/similarity.md tells where the
numbers come from.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, TypeAlias
from uuid import UUID

Band: TypeAlias = Literal["strong", "possible"]
Part: TypeAlias = Literal["meaning", "story", "words", "obstacle", "industry", "product", "stage", "feedback"]
Mode: TypeAlias = Literal["full", "keywords"]

LEAST_STORY, MOST_STORY = 0.1, 1.5
"""What the story counts where nothing tells of a stuck deal, and where both texts surely do."""
MEANING_LESS_WHEN_STUCK = 0.5
"""What passages of stuck deals have in common is trade and product: the surer one is told, the less is it."""

UNLIKE_STORIES, LIKE_STORIES = 0.35, 0.65
"""Cosines from which on two stories begin to be, and surely are, of deals that are stuck alike."""

COMPANY, COMPANY_WEIGHT = 0.9, 10.0
"""Where a smaller share of what is found beside a text tells of stuck deals, so much speaks against it, in log-odds."""

WORDS_WEIGHT = 0.3
WORDS_LESS_WHEN_STUCK = 0.85
"""Deals that are stuck alike share few words: the surer one is told, the less do words weigh."""

SOLUTION_SHARE = 0.85
"""What was planned or done means less for likeness than what was stuck, as the model tells them apart poorly."""

FEW_WORDS = 15.0
"""Nats. Where even the best case tells no more than this, words say little."""
EXPECTED_FROM = 0.2
EXPECTED_GROWTH = 1.3
"""Words that a passage of the query's language holds when it is near in meaning: none up to the one, then growing."""

ENOUGH_INFORMATION = 24.0
"""About five rare words: a long query need not be found whole."""
FACET_WEIGHTS: Mapping[Mode, Mapping[Part, float]] = {
    "full": {"obstacle": 0.25, "industry": 0.04, "product": 0.04, "stage": 0.03},
    "keywords": {"obstacle": 0.45, "industry": 0.15, "product": 0.15, "stage": 0.1},
}
"""Codes say more where there is no meaning to compare."""

STRONG = 0.6
FLOOR_OF_WORDS = 0.2
"""Without the model, the least score of a match."""
MOST_DOUBT = 0.15
"""All that feedback can take of a score, whoever gives how much of it: a strong match stays a match."""
HALF_DOUBT = 4
"""So many people who found no help take half of that."""
USE_OUTWEIGHS = 2
"""One for whom it worked outweighs so many who found no help: he tried it."""

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
    tells_problem: bool = True
    """False for a passage on plans, answers or outcome."""


@dataclass(frozen=True, order=True)
class Story:
    """How near the whole story is to the query's, and how surely it is one of a stuck deal, 0 to 1."""

    cosine: float
    stuck: float


NO_STORY = Story(0.0, 0.0)


@dataclass(frozen=True)
class Reception:
    """How colleagues took a case that was shown to them: people, each of whom counts once."""

    unhelpful: int = 0
    """Found it not helpful, or used it in vain; and it worked for them on no other occasion."""
    worked: int = 0

    @property
    def doubt(self) -> float:
        """The share of the score that it costs, from 0 to below `MOST_DOUBT`."""
        left = max(0, self.unhelpful - USE_OUTWEIGHS * self.worked)
        return MOST_DOUBT * left / (left + HALF_DOUBT)


UNTOLD = Reception()


@dataclass(frozen=True)
class Candidate:
    """A case, or the practice made from it, with its passages that were looked at."""

    case_id: UUID
    practice_id: UUID | None
    is_open: bool
    moved_at: datetime
    evidence: tuple[Evidence, ...]
    told: float = 0.0
    """What all its passages tell of the query's words, by BM25, in nats."""
    story: Story = NO_STORY
    facets: Facets = Facets()
    customer: str = ""
    outcome: str | None = None
    has_written_outcome: bool = False
    verified_uses: int = 0
    reception: Reception = UNTOLD

    @property
    def failed(self) -> bool:
        return self.outcome in FAILED_OUTCOMES


@dataclass(frozen=True)
class Floors:
    """The least score of a match with the model, by the languages of query and passage."""

    of_pairs: Mapping[tuple[str, str], float] = field(default_factory=dict)
    of_others: float = 0.37
    """Of pairs that were not measured, or of a model that was not."""
    lower_when_stuck: float = 0.05
    """Stuck deals of other trades share less than other texts: as surely as one is told, so much lower."""

    def find(self, asked: str, told: str, stuck: float) -> float:
        return self.of_pairs.get((asked, told), self.of_others) - self.lower_when_stuck * stuck


UNMEASURED = Floors()


@dataclass(frozen=True)
class Asked:
    """What is looked for, beside its text."""

    mode: Mode
    language: str
    facets: Facets = Facets()
    information: float = 0.0
    """Of all the query's words that were looked for, in nats."""
    stuck: float = 0.0
    """How surely the text tells of a stuck deal, 0 to 1."""
    leaning: float = 0.0
    floors: Floors = UNMEASURED

    @cached_property
    def as_stuck(self) -> float:
        """How surely it is compared as a stuck deal: by its text, and by `leaning`, what `lean` says."""
        return 1 / (1 + (1 - self.stuck) / self.stuck * math.exp(-self.leaning)) if self.stuck else 0.0

    def find_floor(self, language: str) -> float:
        """The least score of a match by a passage in this language."""
        return self.floors.find(self.language, language, self.stuck) if self.mode == "full" else FLOOR_OF_WORDS


@dataclass(frozen=True)
class Ranked:
    """A candidate with its score; `parts` add up to it."""

    candidate: Candidate
    passage_id: UUID | None
    parts: Mapping[Part, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return min(1.0, math.fsum(self.parts.values()))

    @property
    def language(self) -> str:
        """Of its passage; empty without one."""
        return next((e.language for e in self.candidate.evidence if e.passage_id == self.passage_id), "")

    @property
    def band(self) -> Band:
        return "strong" if self.score >= STRONG else "possible"


def score_candidate(candidate: Candidate, asked: Asked, best: float) -> Ranked:
    """The candidate's nearest passage, its words, its story, its shared codes and its feedback, as parts of a score
    from 0 to 1. Shown is the passage that has most of the first two.

    `best` is what the best of all candidates tells of the query's words, in nats.
    """
    words = share_words(candidate, asked, best)
    near = [measure_meaning(evidence, asked, words) for evidence in candidate.evidence]
    text: dict[Part, float] = {"words": words}
    if asked.mode == "full":
        weight = weigh_words(asked)
        story = score_story(candidate.story, asked)
        text = {"meaning": max(near, default=0.0), "story": story, "words": weight * words}
        text = {part: value / (1 + weight) for part, value in text.items()}
    whole = max(1.0, sum(text.values()))
    weights = FACET_WEIGHTS[asked.mode]
    given = list_shared(asked.facets, asked.facets)
    shared = list_shared(asked.facets, candidate.facets)
    possible = 1 + sum(weights[part] for part in given)
    parts = {part: value / whole / possible for part, value in text.items()}
    parts |= {part: weights[part] * share / possible for part, share in shared.items()}
    counted: dict[Part, float] = {part: value for part, value in parts.items() if value > 0}
    if counted and candidate.reception.doubt:
        counted["feedback"] = -candidate.reception.doubt * min(1.0, math.fsum(counted.values()))
    return Ranked(candidate, choose_passage(candidate.evidence, near, text["words"]), counted)


def lean(candidates: Sequence[Candidate]) -> float:
    """Log-odds that a text is one of a stuck deal, by how surely the candidates found for it are: at most 0."""
    surely = [candidate.story.stuck for candidate in candidates]
    return COMPANY_WEIGHT * min(0.0, math.fsum(surely) / len(surely) - COMPANY) if surely else 0.0


def measure_meaning(evidence: Evidence, asked: Asked, words: float) -> float:
    """How near a passage is by its meaning, the credit for another language's words included."""
    if asked.mode == "keywords":
        return 0.0
    near = max(0.0, evidence.cosine or 0.0) * (1.0 if evidence.tells_problem else SOLUTION_SHARE)
    credited = 0.0
    if evidence.language != asked.language:
        credited = max(0.0, min(1.0, EXPECTED_GROWTH * (near - EXPECTED_FROM)) - words)
    return near * (1 - MEANING_LESS_WHEN_STUCK * asked.as_stuck**2) + weigh_words(asked) * credited


def choose_passage(evidence: Sequence[Evidence], near: Sequence[float], words: float) -> UUID | None:
    """The one that is nearest and holds most of what the case has of the words."""
    most = max((passage.found for passage in evidence), default=0.0)
    shares = [words * passage.found / most if most else 0.0 for passage in evidence]
    places = range(len(evidence))
    best = max(places, key=lambda place: near[place] + shares[place], default=None)
    return None if best is None else evidence[best].passage_id


def share_words(candidate: Candidate, asked: Asked, best: float) -> float:
    """What the case tells of the words, 0 to 1: by what the best one tells; without the model, by what was asked."""
    if asked.mode == "full":
        return candidate.told / (best + FEW_WORDS)
    enough = min(asked.information, ENOUGH_INFORMATION)
    return min(1.0, candidate.told / enough) if enough > 0 else 0.0


def score_story(story: Story, asked: Asked) -> float:
    """The more surely both are stuck deals, the more their likeness counts; where a few words leave it open, likeness
    itself is a sign.
    """
    alike = (story.cosine - UNLIKE_STORIES) / (LIKE_STORIES - UNLIKE_STORIES)
    surely = story.stuck**3 * max(asked.as_stuck**2, min(alike, asked.as_stuck))
    return (LEAST_STORY + (MOST_STORY - LEAST_STORY) * surely) * max(0.0, story.cosine)


def weigh_words(asked: Asked) -> float:
    return WORDS_WEIGHT * (1 - WORDS_LESS_WHEN_STUCK * asked.as_stuck**2)


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
