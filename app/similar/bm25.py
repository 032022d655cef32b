"""What a text tells of the query's words: BM25 over all passages of a case together. Pure.

Robertson and Zaragoza 2009, https://doi.org/10.1561/1500000019. Lengths are in different words.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.similar.passages import fold_stem
from app.similar.vocabulary import Term

SATURATION = 1.2
LENGTH_SHARE = 0.75
"""k1 and b."""


@dataclass(frozen=True)
class PassageWords:
    """How often a passage holds each of the stems that were asked for, and how many different words it has."""

    counts: Mapping[str, int]
    length: int
    is_heading: bool = False
    """It says again what stands in the others, such as the title."""

    def count(self, term: Term) -> int:
        """How often the word stands there."""
        return max((self.counts.get(stem, 0) for stem in term.stems), default=0)

    def hints_at(self, term: Term) -> bool:
        """Whether all of something near to the word stands there."""
        return any(all(stem in self.counts for stem in group) for group in term.near)

    def tell(self, terms: Sequence[Term]) -> float:
        """Information of the words that stand there at all, in nats."""
        return math.fsum(
            term.information if self.count(term) else term.near_information if self.hints_at(term) else 0.0
            for term in terms
        )


def fold_counts(held: Mapping[str, int | None]) -> dict[str, int]:
    """By folded stem. A spelling without å ä æ ö ø stands in the index beside the stem, and is not counted there."""
    counts: dict[str, int] = {}
    for stem, times in held.items():
        folded = fold_stem(stem)
        counts[folded] = max(times or 1, counts.get(folded, 0))
    return counts


def score_texts(texts: Sequence[Sequence[PassageWords]], terms: Sequence[Term]) -> list[float]:
    """Of each text, which is its passages, in nats; at most `SATURATION` + 1 times the information of the terms."""
    lengths = [sum(passage.length for passage in passages) for passages in texts]
    average = sum(lengths) / len(lengths) if lengths else 0
    return [
        _score(passages, terms, length / average if average else 1.0)
        for passages, length in zip(texts, lengths, strict=True)
    ]


def _score(passages: Sequence[PassageWords], terms: Sequence[Term], relative_length: float) -> float:
    held_back = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * relative_length)
    told = 0.0
    for term in terms:
        information, times = _count(passages, term)
        told += information * times * (SATURATION + 1) / (times + held_back)
    return told


def _count(passages: Sequence[PassageWords], term: Term) -> tuple[float, int]:
    """What the word tells here, and how often it stands here. A heading does not count it anew."""
    headings = sum(passage.count(term) for passage in passages if passage.is_heading)
    times = max(headings, sum(passage.count(term) for passage in passages if not passage.is_heading))
    if times:
        return term.information, times
    return term.near_information, int(any(passage.hints_at(term) for passage in passages))
