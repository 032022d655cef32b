"""Stems of an organisation's texts that are near to a word which hardly any of them holds. Pure.

A word may be typed wrongly, not be typed to its end, or be a compound of words that the texts hold apart (`kundemøte`,
and `møte med kunden`), or apart where the texts hold it as one. What is near is a group of stems that must all stand
in a passage. All stems are folded (`fold_stem`), as every passage has them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, permutations, takewhile
from typing import TypeAlias

Group: TypeAlias = tuple[str, ...]

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MOST_GROUPS = 6

SHORTEST_MISTYPED, LONGEST_MISTYPED = 5, 30
FIRST_LETTER_HOLDS = 7
"""In a shorter word the first letter is taken to be right."""
SHORTEST_TWICE_MISTYPED = 9
SURE_LETTERS = 3
"""So many letters a word that is mistyped twice begins with."""

SHORTEST_UNFINISHED = 3
SHORTEST_COMPOUND = 8
SHORTEST_PART = 3
LINKS = ("", "s", "e", "es", "er", "a", "o", "u")
"""What stands between the parts of a compound, also as the end that the first part loses when it is stemmed."""
JOINING = ("", "s", "e", "es")


@dataclass(frozen=True)
class Lexicon:
    """Stems, each with the number of sampled passages that hold it."""

    frequencies: Mapping[str, int]
    sampled: int

    @cached_property
    def ordered(self) -> list[str]:
        return sorted(self.frequencies)

    def count(self, stems: Iterable[str]) -> int:
        """About how many of the sampled passages hold one of them."""
        return min(self.sampled, sum(self.frequencies.get(stem, 0) for stem in stems))

    def is_rare(self, held: int) -> bool:
        return held <= self.sampled // 1000

    def is_uncommon(self, held: int) -> bool:
        return held <= max(2, self.sampled // 100)

    def list_from(self, prefix: str) -> Iterator[str]:
        """Stems that begin so, in their order."""
        start = bisect_left(self.ordered, prefix)
        return takewhile(lambda stem: stem.startswith(prefix), islice(self.ordered, start, None))


def find_near(stems: Sequence[str], typed: str, lexicon: Lexicon, *, unfinished: bool = False) -> list[Group]:
    """What may be meant by a word; nothing for one that many passages hold. `typed` is the word itself, folded."""
    held = lexicon.count(stems)
    if not lexicon.is_uncommon(held):
        return []
    near: list[Group] = list(split_compound(stems, lexicon))
    if lexicon.is_rare(held):
        if unfinished and len(typed) >= SHORTEST_UNFINISHED:
            near += _choose(lexicon.list_from(typed), lexicon)
        mended = (_choose(correct(stem, lexicon), lexicon) for stem in stems)
        near += next(filter(None, mended), [])
    return [group for group in dict.fromkeys(near) if group[1:] or group[0] not in stems][:MOST_GROUPS]


def _choose(found: Iterable[str], lexicon: Lexicon) -> list[Group]:
    """The commonest of them."""
    return [(stem,) for stem in sorted(set(found), key=lambda stem: (-lexicon.frequencies[stem], stem))[:MOST_GROUPS]]


def correct(word: str, lexicon: Lexicon) -> Iterator[str]:
    """Known stems one slip away from the word; of a long word two slips, if there is none with one."""
    if not (SHORTEST_MISTYPED <= len(word) <= LONGEST_MISTYPED and word.isascii() and word.isalpha()):
        return
    once = [other for other in slip(word) if other in lexicon.frequencies and other.isalpha()]
    yield from (other for other in once if len(word) >= FIRST_LETTER_HOLDS or other[0] == word[0])
    if not once and len(word) >= SHORTEST_TWICE_MISTYPED:
        yield from (
            other
            for other in lexicon.list_from(word[:SURE_LETTERS])
            if abs(len(other) - len(word)) <= 2 and is_two_slips_away(word, other)  # noqa: PLR2004 - two slips.
        )


def slip(word: str) -> set[str]:
    """All that comes of leaving out, doubling, changing, adding or swapping one letter."""
    cuts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    left_out = {head + tail[1:] for head, tail in cuts if tail}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    changed = {head + letter + tail[1:] for head, tail in cuts if tail for letter in LETTERS}
    added = {head + letter + tail for head, tail in cuts for letter in LETTERS}
    return (left_out | swapped | changed | added) - {word, ""}


def is_two_slips_away(one: str, other: str) -> bool:
    """Whether at most two letters were left out, changed or added (Levenshtein's distance)."""
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, expected in enumerate(other, start=1):
            current.append(min(above[column] + 1, current[-1] + 1, above[column - 1] + (letter != expected)))
        if min(current) > 2:  # noqa: PLR2004 - two slips.
            return False
        above = current
    return above[-1] <= 2  # noqa: PLR2004 - two slips.


def split_compound(stems: Iterable[str], lexicon: Lexicon) -> Iterator[Group]:
    """Two known stems that make up a word, of each stem of it the most even pair."""
    for stem in stems:
        if len(stem) < SHORTEST_COMPOUND:
            continue
        pairs = [
            (first, stem[n:])
            for n in range(SHORTEST_PART, len(stem) - SHORTEST_PART + 1)
            if stem[n:] in lexicon.frequencies
            for first in _cut_links(stem[:n])
            if first in lexicon.frequencies
        ]
        if pairs:
            yield max(pairs, key=lambda pair: (min(map(len, pair)), pair))


def _cut_links(part: str) -> Iterator[str]:
    for link in LINKS:
        first = part.removesuffix(link) if link else part
        if part.endswith(link) and len(first) >= SHORTEST_PART:
            yield first


def join_words(words: Sequence[Sequence[str]], lexicon: Lexicon) -> dict[int, list[Group]]:
    """Known compounds of two neighbouring words, for each of them by its place. A word is given by its stems."""
    near: dict[int, list[Group]] = {}
    for place in range(len(words) - 1):
        compounds = {
            first + link + second
            for here, there in permutations((words[place], words[place + 1]))
            for first in here
            for second in there
            if min(len(first), len(second)) >= SHORTEST_PART
            for link in JOINING
        }
        known = _choose((compound for compound in compounds if compound in lexicon.frequencies), lexicon)
        for word in (place, place + 1):
            near.setdefault(word, []).extend(known)
    return near
