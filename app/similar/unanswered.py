"""Searches that found nothing: what colleagues look for, and nobody has written yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, desc, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.similar.models import UnansweredSearch
from app.similar.searching import Search

LONGEST = 200
"""Of a longer text the beginning is kept."""
KEPT = timedelta(days=90)
SHOWN = 100


class Unanswered(NamedTuple):
    text: str
    times: int
    last: datetime


async def note_unanswered(session: AsyncSession, viewer: Viewer, result: Search, now: datetime) -> None:
    """Keep the words of a search that the whole engine had nothing close enough for, and not whose it was."""
    found = result.found
    if found is None or not result.read.text or not found.nothing_close or found.mode != "full":
        return
    text = " ".join(result.read.text.split())[:LONGEST]
    session.add(UnansweredSearch(organisation_id=viewer.organisation_id, text=text, at=now))


async def list_unanswered(session: AsyncSession) -> Sequence[Unanswered]:
    """What was searched for most, alike but for capitals."""
    words = func.lower(UnansweredSearch.text)
    rows = await session.execute(
        select(
            func.max(UnansweredSearch.text), func.count().label("times"), func.max(UnansweredSearch.at).label("last")
        )
        .group_by(words)
        .order_by(desc("times"), desc("last"))
        .limit(SHOWN)
    )
    return [Unanswered(*row) for row in rows]


async def forget_unanswered(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(UnansweredSearch).where(UnansweredSearch.at < now - KEPT))
