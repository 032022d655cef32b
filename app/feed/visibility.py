"""Who may read a piece of news: those above, and the teams it was passed on to."""

from functools import lru_cache

from sqlalchemy import ColumnElement, and_, false, select, true

from app.accounts.models import Role
from app.accounts.viewer import Viewer
from app.feed.models import News, NewsDecision

ABOVE = frozenset({Role.MANAGER, Role.LEADER, Role.ADMIN})
WRITERS = frozenset({Role.LEADER, Role.ADMIN})


@lru_cache(maxsize=256)
def news_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """A program that acts for itself reads none: news is for people."""
    if viewer.user_id is None:
        return false()
    return true() if viewer.role in ABOVE else passed_to(viewer)


def passes_to(viewer: Viewer) -> ColumnElement[bool]:
    """Whether a decision passes the news on to a team of the viewer's."""
    return and_(
        NewsDecision.organisation_id == News.organisation_id,
        NewsDecision.news_id == News.id,
        NewsDecision.passes,
        NewsDecision.team_id.in_(viewer.team_ids),
    )


def passed_to(viewer: Viewer) -> ColumnElement[bool]:
    """Whether a manager passed it on to a team of the viewer's."""
    return select(NewsDecision.id).where(passes_to(viewer)).correlate(News).exists()
