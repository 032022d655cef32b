"""Every select on notifications. What the person may not see any more is neither listed nor counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.accounts.viewer import Viewer
from app.cases.models import Case, Hat, HatKind, HatStatus
from app.cases.queries import visible_to as case_visible_to
from app.comments.models import Comment
from app.core.pagination import Cursor, Page, cut_page
from app.notifications.models import Kind, Notification
from app.practices.models import Practice, PracticeUse, UseResult
from app.practices.queries import visible_to as practice_visible_to
from app.similar.models import SavedSearch

COUNTED = 99
"""More are not counted."""


class Told(NamedTuple):
    """A notification with what its words are made of."""

    id: UUID
    kind: Kind
    at: datetime
    read_at: datetime | None
    case_id: UUID
    practice_id: UUID | None
    subject_id: UUID
    actor: str | None
    title: str
    """Of the case or the practice; empty while the person may not read it."""
    language: str
    hat: HatKind | None
    hat_status: HatStatus | None
    offered: bool
    """Whether who wears the hat offered to."""
    result: UseResult | None
    search: str | None
    """What was searched for."""


def _readable(viewer: Viewer) -> ColumnElement[bool]:
    about_practice = Notification.practice_id.is_not(None)
    return case((about_practice, practice_visible_to(viewer)), else_=case_visible_to(viewer))


def _select_visible(viewer: Viewer, *columns: Any) -> Select[Any]:
    """A hat that was asked of somebody is told although the case is not open to them yet, without its title."""
    about_hat = Notification.kind.in_([Kind.HAT_ASKED, Kind.HAT_ANSWERED])
    asked = and_(
        Notification.kind == Kind.HAT_ASKED,
        Hat.user_id.in_(viewer.user_ids),
        Hat.status == HatStatus.ASKED,
        Case.posted_at.is_not(None),
    )
    about_comment = Notification.kind.in_([Kind.MENTION, Kind.COMMENT])
    answered_since = and_(Notification.kind == Kind.HAT_ANSWERED, Hat.status == HatStatus.ASKED)
    return (
        select(*columns)
        .join_from(Notification, Case, _same(Case, Notification.case_id))
        .outerjoin(Practice, _same(Practice, Notification.practice_id))
        .outerjoin(Hat, and_(about_hat, _same(Hat, Notification.subject_id)))
        .outerjoin(Comment, and_(about_comment, _same(Comment, Notification.subject_id)))
        .outerjoin(SavedSearch, _same(SavedSearch, Notification.subject_id))
        .where(
            Notification.user_id == viewer.own_id,
            or_(~about_hat, Hat.id.is_not(None)),
            or_(~about_comment, Comment.id.is_not(None)),
            or_(Notification.kind != Kind.SEARCH_FOUND, SavedSearch.id.is_not(None)),
            or_(_readable(viewer), asked),
            ~func.coalesce(answered_since, False),
        )
    )


def _same(model: Any, key: Any) -> ColumnElement[bool]:
    return and_(model.organisation_id == Notification.organisation_id, model.id == key)


def _select_told(viewer: Viewer) -> Select[Any]:
    readable = _readable(viewer)
    return (
        _select_visible(
            viewer,
            Notification.id,
            Notification.kind,
            Notification.at,
            Notification.read_at,
            Notification.case_id,
            Notification.practice_id,
            Notification.subject_id,
            User.name,
            case((readable, func.coalesce(Practice.title, Case.title)), else_=""),
            func.coalesce(Practice.language, Case.language),
            Hat.kind,
            Hat.status,
            func.coalesce(Hat.asked_by_id == Hat.user_id, False),
            PracticeUse.result,
            SavedSearch.text,
        )
        .outerjoin(User, _same(User, Notification.actor_id))
        .outerjoin(PracticeUse, _same(PracticeUse, Notification.subject_id))
    )


async def list_told(
    session: AsyncSession, viewer: Viewer, *, unread: bool | None = None, cursor: Cursor | None = None, limit: int
) -> Page[Told]:
    """The newest first: all, those that are not read yet, or those that are."""
    query = _select_told(viewer).order_by(Notification.at.desc(), Notification.id.desc()).limit(limit + 1)
    if unread is not None:
        query = query.where(Notification.read_at.is_(None) if unread else Notification.read_at.is_not(None))
    if cursor is not None:
        query = query.where(tuple_(Notification.at, Notification.id) < tuple_(cursor.at, cursor.id))
    rows = [Told(*row) for row in await session.execute(query)]
    return cut_page(rows, limit, lambda told: Cursor(told.at, told.id))


async def list_unmailed(session: AsyncSession, viewer: Viewer, kinds: Sequence[Kind], *, limit: int) -> list[Told]:
    """The oldest first: what is neither read nor mailed yet, of these kinds."""
    query = (
        _select_told(viewer)
        .where(Notification.kind.in_(kinds), Notification.read_at.is_(None), Notification.mailed_at.is_(None))
        .order_by(Notification.at, Notification.id)
        .limit(limit)
    )
    return [Told(*row) for row in await session.execute(query)]


async def find_told(session: AsyncSession, viewer: Viewer, notification_id: UUID) -> Told | None:
    found = (await session.execute(_select_told(viewer).where(Notification.id == notification_id))).one_or_none()
    return None if found is None else Told(*found)


async def count_unread(session: AsyncSession, viewer: Viewer) -> int:
    """How many the person has not read, one more than COUNTED at the most."""
    unread = _select_visible(viewer, Notification.id).where(Notification.read_at.is_(None)).limit(COUNTED + 1)
    return await session.scalar(select(func.count()).select_from(unread.subquery())) or 0
