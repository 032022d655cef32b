"""Reading @names in a text: pure, from the text and those who may be named in it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from markupsafe import Markup, escape

AT = re.compile(r"(?<!\w)@")


@dataclass(frozen=True)
class Mentionable:
    """A person or a team that may be mentioned."""

    id: UUID
    name: str
    is_team: bool = False


def _list_labels(candidates: Iterable[Mentionable]) -> dict[str, list[Mentionable]]:
    """Whom each name means, in lower case: a whole name, or a first name that only one person has."""
    whole: dict[str, list[Mentionable]] = defaultdict(list)
    first: dict[str, list[Mentionable]] = defaultdict(list)
    for candidate in candidates:
        whole[candidate.name.lower()].append(candidate)
        if not candidate.is_team:
            first[candidate.name.lower().split()[0]].append(candidate)
    return {name: found for name, found in first.items() if len(found) == 1} | whole


def find_mentions(text: str, candidates: Iterable[Mentionable]) -> Iterator[tuple[Mentionable, str]]:
    """Each of the candidates that an @ in the text names, with the name as it is written. The longest name counts."""
    labels = _list_labels(candidates)
    lengths = sorted({len(label) for label in labels}, reverse=True)
    found: dict[Mentionable, str] = {}
    for at in AT.finditer(text):
        for length in lengths:
            end = at.end() + length
            written = text[at.end() : end]
            if written.lower() in labels and not text[end : end + 1].isalnum():
                for named in labels[written.lower()]:
                    found.setdefault(named, written)
                break
    yield from found.items()


def mark_mentions(text: str, written: Sequence[str]) -> Markup:
    """The text as HTML, escaped, with these @names marked."""
    if not written:
        return escape(text)
    names = "|".join(re.escape(name) for name in sorted(written, key=len, reverse=True))
    parts = re.split(rf"(?<!\w)(@(?:{names}))(?!\w)", text, flags=re.IGNORECASE)
    marked = Markup('<strong class="mention">{}</strong>')
    return Markup().join(marked.format(part) if number % 2 else escape(part) for number, part in enumerate(parts))
