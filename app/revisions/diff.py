"""What changed from one text to the next, word by word. Pure."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

WORD = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")
"""A word or a mark with the white space after it."""

MOST_PAIRS = 4_000_000
"""Words before times words after; longer texts are shown as replaced, so that no page takes seconds."""


class Op(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


class Piece(NamedTuple):
    op: Op
    text: str


def compare(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in reading order, what was removed before what was added in its place.

    A change of white space alone is none: the text is shown as it is now.
    """
    old, new = WORD.findall(before), WORD.findall(after)
    if len(old) * len(new) > MOST_PAIRS:
        pieces = [Piece(Op.REMOVED, before), Piece(Op.ADDED, after)]
    else:
        pieces = list(_match(old, new))
    return list(_join(_widen(pieces)))


def _match(old: list[str], new: list[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, [word.strip() for word in old], [word.strip() for word in new])
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield Piece(Op.SAME, "".join(new[new_start:new_end]))
            continue
        yield Piece(Op.REMOVED, "".join(old[old_start:old_end]))
        yield Piece(Op.ADDED, "".join(new[new_start:new_end]))


def _widen(pieces: list[Piece]) -> Iterator[Piece]:
    """A lone mark that stayed between two changes is part of the change: it reads better whole."""
    for index, piece in enumerate(pieces):
        inside = 0 < index < len(pieces) - 1
        if piece.op is Op.SAME and inside and not re.search(r"\w", piece.text):
            yield Piece(Op.REMOVED, piece.text)
            yield Piece(Op.ADDED, piece.text)
        else:
            yield piece


def _join(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Each run between two texts that stayed as one piece removed and one added."""
    for same, run in groupby(pieces, key=lambda piece: piece.op is Op.SAME):
        changed = list(run)
        for op in (Op.SAME,) if same else (Op.REMOVED, Op.ADDED):
            text = "".join(piece.text for piece in changed if piece.op is op)
            if text:
                yield Piece(op, text)
