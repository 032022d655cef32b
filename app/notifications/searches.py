"""Telling people what is new for the searches they saved."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.jobs import organisation_sessions
from app.accounts.members import load_member
from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.core.jobs import JobEnvironment
from app.embeddings.slot import ModelSlot
from app.notifications import service
from app.notifications.models import Kind
from app.similar.matches import Match
from app.similar.models import SavedSearch
from app.similar.scope import INDEXED_STATES
from app.similar.searching import search

READABLE_AFTER = timedelta(minutes=2)
"""What moved later may not be read for search yet: the next round looks at it."""
LOOKED_AT = 20
"""Matches of a pool: what is new stands among the best, or it is no news."""


async def tell_what_is_found(environment: JobEnvironment, /, **_rest: object) -> None:
    """In every organisation, look for what is new to each saved search, and tell whose it is."""
    slot = environment.get(ModelSlot)
    if slot.mode is None:
        return
    until = datetime.now(UTC) - READABLE_AFTER
    async for session in organisation_sessions(environment):
        for saved in await _list_unchecked(session, until):
            await _look(session, saved, slot, until)


async def _list_unchecked(session: AsyncSession, until: datetime) -> list[SavedSearch]:
    """Those since whose last round something moved."""
    last = select(func.max(Case.moved_at)).where(Case.state.in_(INDEXED_STATES), Case.moved_at <= until)
    found = await session.scalars(
        select(SavedSearch).where(SavedSearch.checked_at < last.scalar_subquery()).order_by(SavedSearch.id)
    )
    return list(found)


async def _look(session: AsyncSession, saved: SavedSearch, slot: ModelSlot, until: datetime) -> None:
    viewer = await load_member(session, saved.organisation_id, saved.user_id)
    if viewer is None:
        return
    result = await search(session, viewer, saved.text, slot=slot, limit=LOOKED_AT)
    matches = result.found.matches if result.found else []
    news = await _find_newest(session, matches, viewer, saved, until)
    if news is not None:
        await service.tell(
            session,
            Kind.SEARCH_FOUND,
            saved.id,
            until,
            case_id=news.case_id,
            practice_id=news.practice_id,
        )
    await session.execute(update(SavedSearch).where(SavedSearch.id == saved.id).values(checked_at=until))


async def _find_newest(
    session: AsyncSession, matches: list[Match], viewer: Viewer, saved: SavedSearch, until: datetime
) -> Match | None:
    """Of what moved since the last round and is not the searcher's own, what moved last."""
    by_case: dict[UUID, Match] = {match.case_id: match for match in matches}
    moved = await session.scalar(
        select(Case.id)
        .where(
            Case.id.in_(by_case),
            Case.owner_id.not_in(viewer.user_ids),
            Case.moved_at > saved.checked_at,
            Case.moved_at <= until,
        )
        .order_by(Case.moved_at.desc(), Case.id.desc())
        .limit(1)
    )
    return by_case.get(moved) if moved else None
