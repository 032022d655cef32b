"""Telling people, and what they do with what they are told."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, func, literal, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.accounts.stand_ins import select_behind
from app.accounts.viewer import Viewer
from app.core.db import new_id
from app.core.errors import NotFound
from app.core.jobs import publish
from app.notifications import queries
from app.notifications.live import wake
from app.notifications.models import DEFAULT_RATES, KEPT, Kind, MailChoice, Notification, Rate
from app.notifications.queries import Told
from app.notifications.recipients import RECIPIENTS

MAILED_AFTER = timedelta(minutes=2)
"""Who is at work in Unstuck sees it there, and needs no mail; what happens in between stands in one mail."""


async def tell(
    session: AsyncSession,
    kind: Kind,
    subject_id: UUID,
    at: datetime,
    *,
    case_id: UUID,
    practice_id: UUID | None = None,
    actor_id: UUID | None = None,
) -> None:
    """Tell everybody whom it concerns, besides who did it. Told again of the same moment, nothing changes."""
    recipients = RECIPIENTS[kind](subject_id).subquery()
    concerned = await session.execute(
        select(User.id, User.organisation_id, func.coalesce(MailChoice.rates[kind].astext, DEFAULT_RATES[kind]))
        .outerjoin(MailChoice, and_(MailChoice.organisation_id == User.organisation_id, MailChoice.user_id == User.id))
        .where(
            User.id.in_(select_behind(recipients.c[0])),
            User.deactivated_at.is_(None),
            User.id.not_in(select_behind(literal(actor_id))) if actor_id else true(),
        )
        .order_by(User.id)
    )
    for user_id, organisation_id, rate in concerned.all():
        row = insert(Notification).values(
            organisation_id=organisation_id,
            id=new_id(),
            user_id=user_id,
            kind=kind,
            case_id=case_id,
            practice_id=practice_id,
            subject_id=subject_id,
            actor_id=actor_id,
            at=at,
        )
        renewed = row.on_conflict_do_update(
            index_elements=["organisation_id", "user_id", "kind", "subject_id"],
            set_=dict.fromkeys(("read_at", "mailed_at"))
            | {name: row.excluded[name] for name in ("case_id", "practice_id", "actor_id", "at")},
            where=Notification.at < row.excluded.at,
        )
        if await session.scalar(renewed.returning(Notification.id)) is not None:
            await wake(session, user_id)
            if rate == Rate.AT_ONCE:
                await publish(
                    session,
                    "person.told",
                    lock=f"mail-{user_id}",
                    after=MAILED_AFTER,
                    organisation_id=str(organisation_id),
                    user_id=str(user_id),
                )


async def mark_read(session: AsyncSession, viewer: Viewer, notification_id: UUID, now: datetime) -> Told:
    """The person has seen this one. Raises NotFound for what is not theirs, or not theirs to see any more."""
    told = await queries.find_told(session, viewer, notification_id)
    if told is None:
        raise NotFound
    if told.read_at is None:
        await session.execute(update(Notification).where(Notification.id == told.id).values(read_at=now))
        await wake(session, viewer.own_id)
        told = told._replace(read_at=now)
    return told


async def mark_all_read(session: AsyncSession, viewer: Viewer, now: datetime) -> None:
    """What came after `now` stays unread: the person has not seen it."""
    await session.execute(
        update(Notification)
        .where(Notification.user_id == viewer.own_id, Notification.read_at.is_(None), Notification.at <= now)
        .values(read_at=now)
    )
    await wake(session, viewer.own_id)


async def forget_old(session: AsyncSession, now: datetime, kept: timedelta = KEPT) -> None:
    """Delete what the entered organisation's people were told longer ago."""
    await session.execute(delete(Notification).where(Notification.at < now - kept))
