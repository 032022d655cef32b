"""The feed: practices and newly resolved cases in one order, cut to what the reader may see before the limit.

An item stands where it surfaced last: a resolved case when it was resolved, a practice when it was shared or last
worked for a colleague, whichever is later. Use that is known to have worked lifts; nothing else does. The order is
total (time, then id), so that pages by cursor neither repeat nor skip an item that stays where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.viewer import Viewer
from app.cases.models import Case, CaseObstacle
from app.cases.queries import visible_to as case_visible_to
from app.cases.workflow import State
from app.core.pagination import Cursor, Page, cut_page
from app.practices import queries as practices
from app.practices.models import Practice, Trust
from app.practices.queries import NEVER_USED, UseCounts, narrow_cases


@dataclass(frozen=True)
class FeedItem:
    """A practice with its uses, or a resolved case."""

    at: datetime
    case: Case
    practice: Practice | None = None
    counts: UseCounts = NEVER_USED


Place = Select[str, UUID, datetime]
"""Selects kind, id and time of items."""


async def list_feed(
    session: AsyncSession,
    viewer: Viewer,
    *,
    cursor: Cursor | None = None,
    limit: int,
    obstacle: str | None = None,
    outcome: str | None = None,
    team: UUID | None = None,
    language: str | None = None,
) -> Page[FeedItem]:
    """The newest items, or those after the cursor. Obsolete practices are left out."""
    told = narrow_cases(obstacle=obstacle, outcome=outcome)
    shared = (
        select(literal("practice").label("kind"), Practice.id.label("id"), Practice.surfaced_at.label("at"))
        .join(Practice.case)
        .where(practices.visible_to(viewer), Practice.trust != Trust.OBSOLETE, *told)
        .order_by(Practice.surfaced_at.desc(), Practice.id.desc())
        .limit(limit + 1)
    )
    resolved = (
        select(literal("case").label("kind"), Case.id.label("id"), Case.moved_at.label("at"))
        .where(Case.state == State.RESOLVED, case_visible_to(viewer), *told)
        .order_by(Case.moved_at.desc(), Case.id.desc())
        .limit(limit + 1)
    )
    if team:
        shared, resolved = shared.where(Practice.team_id == team), resolved.where(Case.team_id == team)
    if language:
        shared, resolved = shared.where(Practice.language == language), resolved.where(Case.language == language)
    if cursor:
        after = tuple_(cursor.at, cursor.id)
        shared = shared.where(tuple_(Practice.surfaced_at, Practice.id) < after)
        resolved = resolved.where(tuple_(Case.moved_at, Case.id) < after)
    return await _load(session, shared, resolved, limit)


async def _load(session: AsyncSession, shared: Place, resolved: Place, limit: int) -> Page[FeedItem]:
    both = union_all(shared, resolved).subquery()
    newest = select(both).order_by(both.c.at.desc(), both.c.id.desc()).limit(limit + 1)
    places = (await session.execute(newest)).all()
    page = cut_page(places, limit, lambda place: Cursor(place.at, place.id))
    by_id = {practice.id: practice for practice in await _load_practices(session, _ids(page.items, "practice"))}
    counts = await practices.count_uses(session, list(by_id))
    cases = {case.id: case for case in await _load_cases(session, _ids(page.items, "case"))}
    items = [
        FeedItem(place.at, by_id[place.id].case, by_id[place.id], counts.get(place.id, NEVER_USED))
        if place.kind == "practice"
        else FeedItem(place.at, cases[place.id])
        for place in page.items
    ]
    return Page(items, page.next_cursor)


def _ids(places: Sequence[Any], kind: str) -> list[UUID]:
    return [place.id for place in places if place.kind == kind]


async def _load_practices(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Practice]:
    if not ids:
        return []
    found = await session.scalars(
        select(Practice)
        .where(Practice.id.in_(ids))
        .options(
            joinedload(Practice.case).options(
                joinedload(Case.outcome), selectinload(Case.obstacles).joinedload(CaseObstacle.code)
            ),
            joinedload(Practice.team),
            joinedload(Practice.solver),
        )
    )
    return found.all()


async def _load_cases(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Case]:
    if not ids:
        return []
    found = await session.scalars(
        select(Case)
        .where(Case.id.in_(ids))
        .options(
            joinedload(Case.outcome),
            joinedload(Case.team),
            joinedload(Case.owner),
            selectinload(Case.obstacles).joinedload(CaseObstacle.code),
        )
    )
    return found.all()
