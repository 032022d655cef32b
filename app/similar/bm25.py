"""What a text tells of the query's words: BM25 over all passages of a case together. Pure.

Robertson and Zaragoza 2009, https://doi.org/10.1561/1500000019. Lengths are in different words.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.similar.passages import fold_stem
from app.similar.vocabulary import Term

SATURATION = 1.2
LENGTH_SHARE = 0.75
"""k1 and b."""


@dataclass(frozen=True)
class PassageWords:
    """Which of the query's terms stand in a passage, by their place among the terms."""

    length: int
    times: Mapping[int, int] = field(default_factory=dict)
    """How often each stands there."""
    hints: Iterable[int] = ()
    """Of which others something near to them does."""
    is_heading: bool = False
    """It says again what stands in the others, such as the title."""


class TermCounter:
    """Counts the terms of one query."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, term in enumerate(terms):
            for stem in term.stems:
                self._places[stem].append(place)
        self._hinting = [(place, term.near) for place, term in enumerate(terms) if term.near]

    def count(self, held: Mapping[str, int | None], length: int, *, is_heading: bool = False) -> PassageWords:
        """A passage by how often it holds each stem that was asked for.

        A spelling without å ä æ ö ø stands in the index beside the stem, and is not counted there.
        """
        folded = {fold_stem(stem) for stem in held}
        times: dict[int, int] = {}
        for stem, found in held.items():
            for place in self._places.get(fold_stem(stem), ()):
                times[place] = max(found or 1, times.get(place, 0))
        hints = [
            place for place, groups in self._hinting if place not in times and any(folded.issuperset(g) for g in groups)
        ]
        return PassageWords(length, times, hints, is_heading)

    def tell(self, passage: PassageWords) -> float:
        """Information of the terms that stand there at all, in nats."""
        own = (self._terms[place].information for place in passage.times)
        return math.fsum(own) + math.fsum(self._terms[place].near_information for place in passage.hints)

    def score(self, texts: Sequence[Sequence[PassageWords]]) -> list[float]:
        """Of each text, which is its passages, in nats; at most `SATURATION` + 1 times the information of the terms."""
        lengths = [sum(passage.length for passage in passages) for passages in texts]
        average = sum(lengths) / len(lengths) if lengths else 0
        return [
            math.fsum(self._weigh(passages, length / average if average else 1.0))
            for passages, length in zip(texts, lengths, strict=True)
        ]

    def _weigh(self, passages: Sequence[PassageWords], relative_length: float) -> Iterator[float]:
        held_back = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * relative_length)
        times = count_once(passages)
        for place, found in times.items():
            yield self._terms[place].information * found * (SATURATION + 1) / (found + held_back)
        for place in {place for passage in passages for place in passage.hints} - times.keys():
            yield self._terms[place].near_information * (SATURATION + 1) / (1 + held_back)


def count_once(passages: Iterable[PassageWords]) -> Mapping[int, int]:
    """How often each term stands in all of them; what a heading says again is not counted anew."""
    headings: Counter[int] = Counter()
    others: Counter[int] = Counter()
    for passage in passages:
        (headings if passage.is_heading else others).update(passage.times)
    return headings | others
