"""An objection that it was tried before, held against the case in which it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case, Objection, Plan
from app.cases.plans.queries import find_used_plan, list_visible_titles
from app.cases.queries import find_case, is_private, visible_to
from app.embeddings.slot import ModelSlot
from app.similar.earlier.comparing import Attribute, Likeness, Situation, compare
from app.similar.filters import Filters
from app.similar.matches import Match
from app.similar.schemas import TypedCase, join_texts
from app.similar.searching import search
from app.similar.service import DEFAULT_LIMIT, SimilarCases, find_similar


@dataclass(frozen=True)
class Comparison:
    """The case in which it was tried before, and how it is like the present one."""

    case: Case
    then: Situation
    now: Situation
    likeness: Mapping[Attribute, Likeness]


async def find_comparison(
    session: AsyncSession, viewer: Viewer, case: Case, plan: Plan, objection: Objection
) -> Comparison | None:
    """None where no earlier case is named, or none that the viewer may see."""
    if objection.earlier_case_id is None:
        return None
    earlier = await find_case(session, objection.earlier_case_id, visible_to(viewer), ~is_private())
    if earlier is None:
        return None
    used = await find_used_plan(session, earlier)
    then = describe(earlier, used.move if used else "", earlier.resolved_at or earlier.posted_at, viewer)
    now = describe(case, plan.move, objection.raised_at, viewer)
    return Comparison(earlier, then, now, compare(then, now))


def describe(case: Case, move: str, at: datetime | None, viewer: Viewer) -> Situation:
    """The case must be loaded with deal, obstacles, stage, industry and outcome."""
    return Situation(
        obstacles=frozenset(obstacle.code.key for obstacle in case.obstacles),
        stage=case.stage.key if case.stage else None,
        industry=case.industry.key if case.industry else None,
        product=case.product,
        amount=case.deal.amount,
        currency=case.deal.currency,
        move=move,
        outcome=case.outcome.key if case.outcome else None,
        on=viewer.local_day(at) if at else None,
    )


@dataclass(frozen=True)
class Suggestion:
    """A case that may be meant, by its own title."""

    match: Match
    title: str


@dataclass(frozen=True)
class Suggestions:
    found: SimilarCases | None
    """None where a search asks for nothing."""
    items: list[Suggestion]


NO_SUGGESTIONS = Suggestions(None, [])


async def suggest_cases(
    session: AsyncSession,
    viewer: Viewer,
    case: Case,
    plan: Plan,
    objection: Objection,
    *,
    slot: ModelSlot,
    q: str = "",
    limit: int = DEFAULT_LIMIT,
) -> Suggestions:
    """Cases that the viewer may read: what a search finds, or without one those that tell of the like of the plan.

    At most `limit` closed ones, then as many open ones.
    """
    readable = Filters(exclude_case_id=case.id, readable=True)
    found: SimilarCases | None
    if q:
        found = (await search(session, viewer, q, slot=slot, limit=limit, filters=readable)).found
    else:
        text = join_texts(plan.move, plan.positioning, objection.text, case.situation)
        facets = TypedCase.from_case(case).facets
        found = await find_similar(session, viewer, text, slot=slot, limit=limit, facets=facets, filters=readable)
    matches = [*found.learn, *found.join] if found else []
    titles = await list_visible_titles(session, [match.case_id for match in matches], viewer)
    items = [Suggestion(match, titles[match.case_id]) for match in matches if match.case_id in titles]
    return Suggestions(found, items)
