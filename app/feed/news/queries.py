"""Every select on news, besides that of the feed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.accounts.models import Team, User
from app.accounts.viewer import Viewer
from app.feed.models import News, NewsDecision
from app.feed.visibility import news_visible_to

WAITS_FOR = timedelta(days=30)
"""Older news is no news: nobody is asked about it any more."""
WAITING_SHOWN = 50


class Decided(NamedTuple):
    team_id: UUID
    team: str
    passes: bool
    comment: str
    by: str
    at: datetime


async def find_news(session: AsyncSession, viewer: Viewer, news_id: UUID) -> News | None:
    """With its author and its obstacle; None for what the viewer may not read."""
    return await session.scalar(
        select(News)
        .where(News.id == news_id, news_visible_to(viewer))
        .options(selectinload(News.author), selectinload(News.code))
    )


async def list_decided(session: AsyncSession, news_id: UUID, team_ids: Sequence[UUID] | None = None) -> list[Decided]:
    """What was decided for these teams, or for all."""
    query = (
        select(
            NewsDecision.team_id,
            Team.name,
            NewsDecision.passes,
            NewsDecision.comment,
            User.name,
            NewsDecision.at,
        )
        .join(Team, and_(Team.organisation_id == NewsDecision.organisation_id, Team.id == NewsDecision.team_id))
        .join(User, and_(User.organisation_id == NewsDecision.organisation_id, User.id == NewsDecision.decided_by_id))
        .where(NewsDecision.news_id == news_id)
        .order_by(Team.name)
    )
    if team_ids is not None:
        query = query.where(NewsDecision.team_id.in_(team_ids))
    return [Decided(*row) for row in await session.execute(query)]


async def list_undecided(session: AsyncSession, viewer: Viewer, now: datetime) -> Sequence[News]:
    """What a manager has not decided on for every team they lead, the oldest first."""
    if not viewer.led_team_ids or viewer.user_id is None:
        return []
    decided = (
        select(func.count())
        .where(
            NewsDecision.organisation_id == News.organisation_id,
            NewsDecision.news_id == News.id,
            NewsDecision.team_id.in_(viewer.led_team_ids),
        )
        .correlate(News)
        .scalar_subquery()
    )
    found = await session.scalars(
        select(News)
        .where(
            News.at > now - WAITS_FOR,
            News.author_id != viewer.user_id,
            decided < len(viewer.led_team_ids),
        )
        .order_by(News.at, News.id)
        .limit(WAITING_SHOWN)
    )
    return found.all()
