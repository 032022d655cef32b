"""Lists of cases: what the viewer may see, filtered, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import User
from app.accounts.queries import is_person, join_name
from app.accounts.viewer import Viewer
from app.cases.awaited import Awaited, awaited
from app.cases.models import Case, CaseObstacle, Code, CodeKind
from app.cases.queries import visible_to
from app.cases.workflow import OPEN_STATES, State
from app.core.pagination import Cursor, Page, cut_page


class Whose(StrEnum):
    MINE = "mine"
    TEAMS = "teams"
    ALL = "all"


@dataclass(frozen=True)
class CaseFilter:
    """Which of the visible cases; everything given must hold."""

    whose: Whose = Whose.ALL
    states: frozenset[State] = frozenset()
    obstacle: str | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    awaits: Awaited | None = None
    unmoved_since: datetime | None = None
    """Not moved after this time."""
    updated_since: datetime | None = None
    """Changed at or after this time; the list is then in the order of changes, the oldest first."""


FoundCase = Row[Case, str | None]
"""A case and what it waits for."""


async def list_cases(
    session: AsyncSession, viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, limit: int
) -> Page[FoundCase]:
    """A page of cases, the last moved first."""
    changed = wanted.updated_since is not None
    query = select(Case, awaited().label("awaits")).where(visible_to(viewer), *_conditions(viewer, wanted))
    column = Case.updated_at if changed else Case.moved_at
    order = (column, Case.id) if changed else (column.desc(), Case.id.desc())
    if cursor is not None:
        place, last = tuple_(column, Case.id), tuple_(cursor.at, cursor.id)
        query = query.where(place > last if changed else place < last)
    query = query.options(
        join_name(Case.owner),
        joinedload(Case.team),
        joinedload(Case.deal),
        joinedload(Case.industry),
        joinedload(Case.stage),
        joinedload(Case.outcome),
        selectinload(Case.obstacles).joinedload(CaseObstacle.code),
    )
    rows = (await session.execute(query.order_by(*order).limit(limit + 1))).all()
    return cut_page(rows, limit, lambda row: Cursor(row[0].updated_at if changed else row[0].moved_at, row[0].id))


def _conditions(viewer: Viewer, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    match wanted.whose:
        case Whose.MINE:
            conditions.append(or_(Case.owner_id.in_(viewer.user_ids), Case.author_id.in_(viewer.user_ids)))
        case Whose.TEAMS:
            conditions.append(and_(Case.team_id.in_(viewer.team_ids), Case.state != State.DRAFT))
    if wanted.states:
        conditions.append(Case.state.in_(wanted.states))
    if wanted.obstacle:
        conditions.append(
            Case.id.in_(
                select(CaseObstacle.case_id)
                .join(Code, and_(Code.organisation_id == CaseObstacle.organisation_id, Code.id == CaseObstacle.code_id))
                .where(Code.kind == CodeKind.OBSTACLE, Code.key == wanted.obstacle)
            )
        )
    if wanted.owner_id:
        conditions.append(Case.owner_id == wanted.owner_id)
    if wanted.team_id:
        conditions.append(Case.team_id == wanted.team_id)
    if wanted.awaits:
        conditions.append(awaited() == wanted.awaits.value)
    if wanted.unmoved_since:
        conditions.append(and_(Case.moved_at <= wanted.unmoved_since, Case.state.in_(OPEN_STATES)))
    if wanted.updated_since:
        conditions.append(Case.updated_at >= wanted.updated_since)
    return conditions


async def list_owners(session: AsyncSession, viewer: Viewer) -> Sequence[User]:
    """Owners of the cases the viewer may see, by name; of those who go by it."""
    owners = select(Case.owner_id).where(visible_to(viewer))
    return (
        await session.scalars(select(User).where(User.id.in_(owners), is_person()).order_by(User.name, User.id))
    ).all()
