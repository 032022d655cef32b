"""The first draft of a practice, put together from what stands in its case. Pure: nothing is invented."""

from collections.abc import Mapping, Sequence

from app.cases.models import Case, Plan
from app.core.text import TEXT_LIMIT
from app.practices.models import Practice
from app.practices.names import FoundName, find_names
from app.practices.schemas import STORY_PARTS


def draft_story(case: Case, plan: Plan | None, steps: Sequence[str]) -> dict[str, str]:
    """The parts of a story in the words of the case. The case must be loaded with its obstacles."""
    names = ", ".join(obstacle.code.names.get(case.language) or obstacle.code.name for obstacle in case.obstacles)
    listed = "\n".join(f"- {step}" for step in steps)
    parts = {
        "title": case.title,
        "when_to_use": _join(names and f"{names}.", case.obstacle_words, case.situation),
        "what_to_do": _join(plan.move, listed) if plan else "",
        "what_to_say": plan.positioning if plan else "",
        "why_it_worked": case.outcome_worked,
        "when_not_to": case.outcome_not_worked,
    }
    return {name: text[:TEXT_LIMIT] for name, text in parts.items()}


def _join(*paragraphs: str) -> str:
    return "\n\n".join(paragraph.strip() for paragraph in paragraphs if paragraph.strip())


def repeat_story(practice: Practice) -> dict[str, str]:
    """The story as it was shared before."""
    return {name: getattr(practice, name) for name in STORY_PARTS}


def find_names_in_story(
    story: Mapping[str, object], *, customer: str, people: Sequence[str]
) -> dict[str, list[FoundName]]:
    """What was found, by part of the story; parts without a name are absent."""
    found = {
        part: find_names(text, customer=customer, people=people)
        for part in STORY_PARTS
        if isinstance(text := story.get(part), str)
    }
    return {part: names for part, names in found.items() if names}


def list_texts(found: Mapping[str, Sequence[FoundName]]) -> list[str]:
    """Each thing found, once, on one line."""
    return list(dict.fromkeys(" ".join(name.text.split()) for names in found.values() for name in names))
