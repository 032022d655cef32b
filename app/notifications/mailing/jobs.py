"""The mails themselves: what somebody is told at once, and the weekly one on Monday morning."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.jobs import organisation_sessions
from app.accounts.members import load_member
from app.accounts.models import Identity, User
from app.accounts.queries import has_joined
from app.accounts.viewer import Viewer
from app.core.config import Settings
from app.core.i18n import DEFAULT_LANGUAGE, use_language
from app.core.jobs import BULK, JobEnvironment, publish
from app.core.mail import send_mail, write_mail
from app.core.tenancy import organisation_session
from app.feed.queries import list_feed
from app.feed.scopes import Scope
from app.feed.waiting import list_all_waiting
from app.notifications import queries
from app.notifications.mailing import service
from app.notifications.models import Kind, MailChoice, Notification, Rate
from app.notifications.queries import Told
from app.notifications.words import say
from app.practices.queries import list_code_names

MONDAY, MORNING = 1, 7
"""ISO day and hour, where the person is."""
WEEK = timedelta(days=7)
AT_MOST = 10
"""Entries of a part of the weekly mail; the rest stands in Unstuck."""
NEWS_AT_MOST = 50
PATHS = {"practice": "practices", "case": "cases", "news": "news"}


async def mail_news(environment: JobEnvironment, /, *, organisation_id: str, user_id: str, **_rest: str) -> None:
    """Mail what the person wants to hear at once and has not read: all of it in one mail. None left, none is sent."""
    settings = environment.get(Settings)
    if not settings.sends_mail:
        return
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        viewer = await _find_reader(session, UUID(organisation_id), UUID(user_id))
        if viewer is None:
            return
        choice = await service.find_choice(session, viewer)
        news = await _list_unmailed(session, viewer, choice, Rate.AT_ONCE)
        if not news:
            return
        kinds = sorted({told.kind for told in news})
        unsubscribe_url = service.write_ending(settings, viewer, kinds)
        context = _begin(settings, viewer, unsubscribe_url)
        with use_language(viewer.language or DEFAULT_LANGUAGE):
            context["news"] = [_describe(settings, told) for told in news]
            mail = write_mail(viewer.email, "mail/news.txt", context, unsubscribe_url=unsubscribe_url)
        await _mark_mailed(session, news)
        await send_mail(settings, mail)


async def start_weekly(environment: JobEnvironment, /, **_rest: object) -> None:
    """Where it is Monday morning, let everybody who wants a weekly mail and has not got today's have one."""
    if environment.get(Settings).sends_mail:
        async for session in organisation_sessions(environment):
            await _start_weekly(session, datetime.now(UTC))


async def _start_weekly(session: AsyncSession, now: datetime) -> None:
    there = func.timezone(User.timezone, now)
    today = func.date(there)
    due = await session.execute(
        select(User.organisation_id, User.id, today)
        .join(Identity, Identity.id == User.identity_id)
        .outerjoin(MailChoice, and_(MailChoice.organisation_id == User.organisation_id, MailChoice.user_id == User.id))
        .where(
            User.deactivated_at.is_(None),
            has_joined(),
            func.extract("isodow", there) == MONDAY,
            func.extract("hour", there) >= MORNING,
            func.coalesce(MailChoice.weekly, True),
            or_(MailChoice.weekly_sent_on.is_(None), MailChoice.weekly_sent_on < today),
        )
    )
    for organisation_id, user_id, day in due.all():
        await publish(
            session,
            "week.over",
            queue=BULK,
            lock=f"mail-{user_id}",
            organisation_id=str(organisation_id),
            user_id=str(user_id),
            day=day.isoformat(),
        )


async def mail_weekly(
    environment: JobEnvironment, /, *, organisation_id: str, user_id: str, day: str, **_rest: str
) -> None:
    """Mail what waits for the person, what colleagues shared in the week, and what else there is to hear.

    Nothing of the kind, nothing is sent. Run again on the same day, neither.
    """
    settings = environment.get(Settings)
    today = date.fromisoformat(day)
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        viewer = await _find_reader(session, UUID(organisation_id), UUID(user_id))
        if viewer is None:
            return
        choice = await service.find_choice(session, viewer)
        if not choice.weekly or choice.weekly_sent_on == today:
            return
        unsubscribe_url = service.write_ending(settings, viewer)
        news = await _list_unmailed(session, viewer, choice, Rate.WEEKLY)
        with use_language(viewer.language or DEFAULT_LANGUAGE):
            since = datetime.combine(today - WEEK, time(MORNING), ZoneInfo(viewer.timezone))
            parts = await _collect_week(session, settings, viewer, news, since)
            context = _begin(settings, viewer, unsubscribe_url) | parts
            mail = write_mail(viewer.email, "mail/weekly.txt", context, unsubscribe_url=unsubscribe_url)
        await _mark_mailed(session, news)
        await service.mark_weekly_sent(session, viewer, today)
        if any(parts.values()):
            await send_mail(settings, mail)


async def _collect_week(
    session: AsyncSession, settings: Settings, viewer: Viewer, news: Sequence[Told], since: datetime
) -> dict[str, list[dict[str, object]]]:
    """The parts of the weekly mail in their order."""
    waiting = await list_all_waiting(session, viewer, datetime.now(UTC))
    codes = await list_code_names(session)
    feed = await list_feed(session, viewer, codes, limit=AT_MOST, scope=Scope.EVERYTHING)
    return {
        "waiting": [{"text": entry.text, "title": entry.title} for entry in waiting[:AT_MOST]],
        "shared": [
            {"item": item, "url": settings.address(f"/{PATHS[item.kind]}/{item.id}")}
            for item in feed.items
            if item.at >= since
        ],
        "news": [_describe(settings, told) for told in news[:AT_MOST]],
    }


async def _find_reader(session: AsyncSession, organisation_id: UUID, user_id: UUID) -> Viewer | None:
    """The person, while active and somebody who has joined."""
    joined = await session.scalar(
        select(User.id).join(Identity, Identity.id == User.identity_id).where(User.id == user_id, has_joined())
    )
    return await load_member(session, organisation_id, user_id) if joined else None


async def _list_unmailed(session: AsyncSession, viewer: Viewer, choice: MailChoice, rate: Rate) -> list[Told]:
    kinds = [kind for kind in Kind if choice.find_rate(kind) is rate]
    return await queries.list_unmailed(session, viewer, kinds, limit=NEWS_AT_MOST)


async def _mark_mailed(session: AsyncSession, news: list[Told]) -> None:
    ids = [told.id for told in news]
    await session.execute(update(Notification).where(Notification.id.in_(ids)).values(mailed_at=func.now()))


def _describe(settings: Settings, told: Told) -> dict[str, object]:
    return {"text": say(told), "title": told.title, "url": settings.address(f"/notifications/{told.id}")}


def _begin(settings: Settings, viewer: Viewer, unsubscribe_url: str) -> dict[str, object]:
    """What every mail of this kind says."""
    return {
        "name": viewer.name,
        "organisation": viewer.organisation.name,
        "home_url": settings.address("/"),
        "waiting_url": settings.address("/waiting"),
        "choice_url": settings.address("/account/mail"),
        "unsubscribe_url": unsubscribe_url,
    }
