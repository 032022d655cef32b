"""Writing news, deciding for a team, and taking news away."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import record_audit
from app.accounts.viewer import Viewer
from app.cases.codes import find_code
from app.cases.models import CodeKind
from app.core.db import new_id
from app.core.errors import Forbidden, Invalid
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.embeddings.language import detect_language
from app.feed.models import News, NewsDecision
from app.feed.news.schemas import NewsForm, PassForm
from app.feed.visibility import WRITERS


def require_writer(viewer: Viewer) -> None:
    if viewer.user_id is None or viewer.role not in WRITERS:
        raise Forbidden(_("A leader or an admin writes news."))


def may_withdraw(news: News, viewer: Viewer) -> bool:
    return viewer.is_admin or news.author_id == viewer.user_id


async def write_news(session: AsyncSession, viewer: Viewer, form: NewsForm, now: datetime) -> News:
    """Raises Invalid for an obstacle that is not offered."""
    require_writer(viewer)
    code = await find_code(session, CodeKind.OBSTACLE, form.obstacle) if form.obstacle else None
    if form.obstacle and code is None:
        raise Invalid.at("obstacle", _("Choose one of the options."))
    news = News(
        organisation_id=viewer.organisation_id,
        id=new_id(),
        author_id=viewer.person_id,
        title=form.title,
        text=form.text,
        language=detect_language(f"{form.title}\n{form.text}", default=viewer.language or current_language()),
        code_id=code.id if code else None,
        at=now,
    )
    session.add(news)
    await session.flush()
    await record_audit(session, viewer, "news.written", news.id)
    return news


async def decide(session: AsyncSession, viewer: Viewer, news: News, form: PassForm, now: datetime) -> None:
    """Pass it on to the chosen ones of the teams the viewer leads, and to no other of them. Raises Invalid."""
    if not viewer.led_team_ids:
        raise Forbidden(_("Whoever leads a team passes news on to it."))
    if set(form.teams) - set(viewer.led_team_ids):
        raise Invalid.at("teams", _("Choose one of the options."))
    for team_id in viewer.led_team_ids:
        passes = team_id in form.teams
        values = {
            "passes": passes,
            "comment": form.comment if passes else "",
            "decided_by_id": viewer.person_id,
            "at": now,
        }
        row = insert(NewsDecision).values(
            organisation_id=viewer.organisation_id, id=new_id(), news_id=news.id, team_id=team_id, **values
        )
        await session.execute(
            row.on_conflict_do_update(index_elements=["organisation_id", "news_id", "team_id"], set_=values)
        )
    await record_audit(session, viewer, "news.decided", news.id)


async def withdraw_news(session: AsyncSession, viewer: Viewer, news: News) -> None:
    """It is gone from every feed."""
    if not may_withdraw(news, viewer):
        raise Forbidden(_("Whoever wrote it, or an admin, takes it away."))
    await session.execute(delete(News).where(News.id == news.id))
    await record_audit(session, viewer, "news.withdrawn", news.id)
