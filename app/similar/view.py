"""Matches as the templates show them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.codes import find_code
from app.cases.models import CodeKind
from app.cases.workflow import STATE_NAMES
from app.core.i18n import gettext as _
from app.embeddings.slot import ModelSlot
from app.similar.feedback.schemas import REASON_NAMES
from app.similar.matches import Match
from app.similar.passages import cut_text
from app.similar.scoring import Facets
from app.similar.service import SimilarCases
from app.similar.shown import NOTHING_BESIDE, Beside
from app.similar.suggesting import Suggestion
from app.similar.words import mark_words

RESOLUTION_WORDS = 40


@dataclass(frozen=True)
class MatchView:
    """What `_macros/matches.html` shows of a match."""

    id: UUID
    case_id: UUID
    practice_id: UUID | None
    url: str
    title: str
    band: str
    """Empty where nothing but filters was asked."""
    state_label: str
    outcome_label: str
    resolution: str
    passage_html: Markup
    section_label: str
    reasons: list[str]
    trust: str | None
    customer: str
    plan_label: str
    said: str
    """Why the reader found it not helpful; empty while nothing was said."""
    solver: str
    """Who can be asked; empty where nobody can."""


def view_match(match: Match, url_path_for: Callable[..., str], beside: Beside = NOTHING_BESIDE) -> MatchView:
    passage = match.passage
    return MatchView(
        id=match.id,
        case_id=match.case_id,
        practice_id=match.practice_id,
        url=match.link(url_path_for),
        title=match.title,
        band=match.band or "",
        state_label=_(STATE_NAMES[match.state]),
        outcome_label=match.outcome.name if match.outcome else "",
        resolution=shorten(match.resolution),
        passage_html=mark_words(passage.text, passage.words) if passage else Markup(),
        section_label=passage.section_name if passage else "",
        reasons=match.list_reasons(),
        trust=match.trust,
        customer=match.customer,
        plan_label=_("Plan {letter}: {move}").format(letter=match.plan.letter, move=shorten(match.plan.move))
        if match.plan
        else "",
        said=_(REASON_NAMES[beside.said]) if beside.said else "",
        solver=beside.solver,
    )


def shorten(text: str) -> str:
    """The first sentences, at most `RESOLUTION_WORDS` words."""
    pieces = cut_text(text, words=RESOLUTION_WORDS)
    return pieces[0] + (" …" if len(pieces) > 1 else "") if pieces else ""


def name_mode(found: SimilarCases | None, slot: ModelSlot) -> str:
    """How cases were found, or would be: full, keywords, loading or reindexing."""
    return "reindexing" if found and found.reindexing else slot.mode or "loading"


def view_similar(
    found: SimilarCases | None,
    slot: ModelSlot,
    asked: Facets,
    url_path_for: Callable[..., str],
    beside: Mapping[UUID, Beside],
) -> dict[str, Any]:
    """What `similar/_pools.html` needs. `found` is None before anything was asked."""
    nearest = found.nearest if found else None

    def view_pool(matches: list[Match]) -> list[MatchView]:
        return [view_match(match, url_path_for, beside.get(match.case_id, NOTHING_BESIDE)) for match in matches]

    return {
        "asked": found is not None,
        "listed": False,
        "mode": name_mode(found, slot),
        "learn": view_pool(found.learn) if found else [],
        "join": view_pool(found.join) if found else [],
        "nothing_close": found.nothing_close if found else False,
        "nearest": {"url": nearest.link(url_path_for), "title": nearest.title} if nearest else None,
        "lacking": nearest.list_lacking(asked) if nearest else [],
    }


@dataclass(frozen=True)
class SuggestionView:
    """What `similar/_suggestion.html` shows of an obstacle that may fit."""

    key: str
    name: str
    definition: str
    is_likely: bool


async def view_suggestion(
    session: AsyncSession, suggestion: Suggestion | None, dismissed: Collection[str] = ()
) -> SuggestionView | None:
    """None as well for what was dismissed, and for a code that can no longer be chosen."""
    if suggestion is None or suggestion.obstacle in dismissed:
        return None
    code = await find_code(session, CodeKind.OBSTACLE, suggestion.obstacle)
    return SuggestionView(code.key, code.name, code.definition, suggestion.sureness == "likely") if code else None
