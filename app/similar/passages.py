"""A case or a practice as passages: its text by section, in pieces small enough to be embedded whole. Pure."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

PIECE_WORDS = 160
"""Of Norwegian or Swedish, about as much as the encoder reads of one text (256 tokens)."""

SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")

WORD = re.compile(r"\w+")

SPELT_OUT = str.maketrans({"å": "aa", "ä": "ae", "æ": "ae", "ö": "oe", "ø": "oe"})
UNACCENTED = str.maketrans({"å": "a", "ä": "a", "æ": "ae", "ö": "o", "ø": "o"})


class Section(StrEnum):
    """Where in a case or a practice a passage stands.

    Every search compares every passage, so short fields that tell of the same thing share one. The story is no
    passage of its own: it is the whole problem, read for why the deal is stuck.
    """

    STORY = "story"
    OBSTACLE = "obstacle"
    SITUATION = "situation"
    ATTEMPTS = "attempts"
    QUESTIONS = "questions"
    PLANS = "plans"
    OUTCOME = "outcome"
    WHEN_TO_USE = "when_to_use"
    WHAT_TO_DO = "what_to_do"
    WHY_IT_WORKED = "why_it_worked"


PROBLEM_SECTIONS = frozenset({Section.OBSTACLE, Section.SITUATION, Section.ATTEMPTS, Section.WHEN_TO_USE})


@dataclass(frozen=True)
class CaseText:
    """What a case says. The customer's name is no part of it."""

    language: str
    title: str
    obstacle_names: Sequence[str] = ()
    situation: str = ""
    obstacle_words: str = ""
    labels: Sequence[str] = ()
    """Product and tags."""
    worked: str = ""
    not_worked: str = ""
    current_state: str = ""
    desired_state: str = ""
    questions: Sequence[tuple[str, str]] = ()
    """Question and answer."""
    plans: Sequence[tuple[str, str]] = ()
    """Move and positioning."""
    outcome: Sequence[str] = ()


@dataclass(frozen=True)
class PracticeText:
    """What a practice says."""

    language: str
    title: str
    when_to_use: str = ""
    what_to_do: str = ""
    what_to_say: str = ""
    why_it_worked: str = ""
    when_not_to: str = ""


@dataclass(frozen=True)
class Piece:
    """A passage as it should be: `position` counts the pieces of a section."""

    section: Section
    position: int
    text: str
    language: str
    content_hash: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(f"{self.language}\n{self.text}".encode()).hexdigest()
        object.__setattr__(self, "content_hash", digest)


def cut_case(case: CaseText) -> list[Piece]:
    """The story and the passages of a case, none of them empty."""
    attempts = [case.worked, case.not_worked, case.current_state, case.desired_state]
    sections = [
        (Section.OBSTACLE, [case.title, *case.obstacle_names, case.obstacle_words, *case.labels]),
        (Section.SITUATION, [case.title, case.situation]),
        (Section.ATTEMPTS, attempts),
        (Section.QUESTIONS, [text for pair in case.questions for text in pair]),
        (Section.PLANS, [text for pair in case.plans for text in pair]),
        (Section.OUTCOME, case.outcome),
    ]
    story = [case.title, case.obstacle_words, case.situation, *attempts]
    return [*_tell_story(story, case.language), *_cut_sections(sections, case.language)]


def cut_practice(practice: PracticeText) -> list[Piece]:
    """The story and the passages of a practice, none of them empty."""
    sections = [
        (Section.WHEN_TO_USE, [practice.title, practice.when_to_use]),
        (Section.WHAT_TO_DO, [practice.what_to_do, practice.what_to_say]),
        (Section.WHY_IT_WORKED, [practice.why_it_worked, practice.when_not_to]),
    ]
    story = [practice.title, practice.when_to_use]
    return [*_tell_story(story, practice.language), *_cut_sections(sections, practice.language)]


def _tell_story(texts: Sequence[str], language: str) -> Iterator[Piece]:
    """As much of it as the encoder reads."""
    for position, piece in enumerate(cut_text(_join(texts))[:1]):
        yield Piece(Section.STORY, position, piece, language)


def _cut_sections(sections: Iterable[tuple[Section, Sequence[str]]], language: str) -> Iterator[Piece]:
    for section, texts in sections:
        for position, piece in enumerate(cut_text(_join(texts))):
            yield Piece(section, position, piece, language)


def _join(texts: Sequence[str]) -> str:
    return "\n".join(_end(stripped) for text in texts if (stripped := text.strip()))


def _end(text: str) -> str:
    """The text with its full stop, so that it does not run into the next."""
    return text if text[-1] in ".!?…:" else f"{text}."


def cut_text(text: str, *, words: int = PIECE_WORDS) -> list[str]:
    """The text in pieces of at most `words` words, cut between sentences where a sentence allows it."""
    pieces: list[str] = []
    room = 0
    for sentence in split_sentences(text, words=words):
        length = len(sentence.split())
        if length > room:
            pieces.append(sentence)
            room = words - length
        else:
            pieces[-1] = f"{pieces[-1]} {sentence}"
            room -= length
    return pieces


def split_sentences(text: str, *, words: int = PIECE_WORDS) -> Iterator[str]:
    """The sentences in their order; one of more than so many words in several parts."""
    for sentence in SENTENCE_END.split(text):
        parts = sentence.split()
        for start in range(0, len(parts), words):
            yield " ".join(parts[start : start + words])


def split_words(text: str) -> list[str]:
    """The words in lower case, as they come."""
    return [word.lower() for word in WORD.findall(text)]


def fold_stem(stem: str) -> str:
    """The stem with å ä æ ö ø spelt out, as every passage has it beside the stem itself."""
    return stem.translate(SPELT_OUT)


def list_spellings(stem: str) -> set[str]:
    """The ways a stem with å ä æ ö ø is spelt without them."""
    return {stem.translate(SPELT_OUT), stem.translate(UNACCENTED)}
