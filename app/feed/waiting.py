"""All that waits for a person: in the cases, and among the practices of the teams somebody leads."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.waiting import Waiting, list_waiting
from app.core.i18n import gettext as _
from app.feed.models import News
from app.feed.news.queries import list_undecided
from app.practices.models import Practice, Trust
from app.practices.queries import list_to_review


async def list_all_waiting(session: AsyncSession, viewer: Viewer, now: datetime) -> list[Waiting]:
    """The oldest first."""
    in_cases = await list_waiting(session, viewer, viewer.local_day(now))
    news = [_wait_for_passing(piece) for piece in await list_undecided(session, viewer, now)]
    reviews = [_wait_for_review(practice) for practice in await list_to_review(session, viewer)]
    return sorted([*in_cases, *reviews, *news], key=lambda waiting: waiting.since)


def _wait_for_passing(news: News) -> Waiting:
    return Waiting("news", _("Pass the news on, or not"), news.title, news.at, "news_detail", {"news_id": news.id})


def _wait_for_review(practice: Practice) -> Waiting:
    flagged = practice.trust is Trust.NEEDS_REVIEW
    text = _("Review the practice again") if flagged else _("Validate the practice, or ask for more")
    since = practice.updated_at
    return Waiting("review", text, practice.title, since, "practice_detail", {"practice_id": practice.id}, "trust")
