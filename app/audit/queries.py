"""Every select on the audit trail: what was recorded, and the moves of cases, as one list, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import ApiKey, AuditEvent, Team, User
from app.accounts.viewer import Viewer
from app.audit.words import MOVED
from app.cases.models import Case, CaseMove
from app.cases.queries import visible_to
from app.cases.workflow import State
from app.core.pagination import Cursor, Page, cut_page


@dataclass(frozen=True)
class TrailFilter:
    """Which entries; everything given must hold."""

    who: UUID | None = None
    """A person, or a program."""
    action: str | None = None
    about: UUID | None = None
    """The thing, or the case it belongs to."""
    since: datetime | None = None
    before: datetime | None = None


class Entry(NamedTuple):
    """Somebody did something at some time."""

    id: UUID
    at: datetime
    user_id: UUID | None
    client_id: UUID | None
    action: str
    subject_id: UUID | None
    case_id: UUID | None
    details: dict[str, str]
    user_name: str | None
    client_name: str | None


async def list_case_trail(session: AsyncSession, case: Case, cursor: Cursor | None, limit: int) -> Page[Entry]:
    """Everything that was done on a case, for those who may see it; the reasons of its moves are told."""
    told = func.jsonb_build_object("from", CaseMove.from_state, "to", CaseMove.to_state, "note", CaseMove.note)
    events = _select_events().where(AuditEvent.case_id == case.id)
    moves = _select_moves(told).where(CaseMove.case_id == case.id)
    return await _list(session, events, moves, cursor, limit)


async def search_trail(session: AsyncSession, wanted: TrailFilter, cursor: Cursor | None, limit: int) -> Page[Entry]:
    """Everything that was done in the organisation, for an admin. A draft that nobody else saw is not part of it."""
    told = func.jsonb_build_object("from", CaseMove.from_state, "to", CaseMove.to_state)
    posted = or_(CaseMove.from_state != State.DRAFT, CaseMove.to_state != State.WITHDRAWN)
    moves = _select_moves(told).where(posted, *_conditions(CaseMove, wanted))
    if wanted.action is not None:
        moves = moves.where(literal(wanted.action) == MOVED)
    if wanted.about is not None:
        moves = moves.where(CaseMove.case_id == wanted.about)
    events = _select_events().where(*_conditions(AuditEvent, wanted))
    if wanted.action is not None:
        events = events.where(AuditEvent.action == wanted.action)
    if wanted.about is not None:
        events = events.where(or_(AuditEvent.subject_id == wanted.about, AuditEvent.case_id == wanted.about))
    return await _list(session, events, moves, cursor, limit)


def _select_events() -> Select[*tuple[Any, ...]]:
    event = AuditEvent
    return select(
        event.organisation_id,
        event.id,
        event.at,
        event.user_id,
        event.client_id,
        event.action,
        event.subject_id,
        event.case_id,
        event.details,
    )


def _select_moves(details: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    move = CaseMove
    return select(
        move.organisation_id,
        move.id,
        move.at,
        move.user_id,
        move.client_id,
        literal(MOVED).label("action"),
        move.case_id.label("subject_id"),
        move.case_id,
        details.label("details"),
    )


def _conditions(source: type[AuditEvent | CaseMove], wanted: TrailFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.who is not None:
        conditions.append(or_(source.user_id == wanted.who, source.client_id == wanted.who))
    if wanted.since is not None:
        conditions.append(source.at >= wanted.since)
    if wanted.before is not None:
        conditions.append(source.at < wanted.before)
    return conditions


async def _list(
    session: AsyncSession,
    events: Select[*tuple[Any, ...]],
    moves: Select[*tuple[Any, ...]],
    cursor: Cursor | None,
    limit: int,
) -> Page[Entry]:
    """Each part is cut to a page by its own index before the two are laid together."""
    parts = []
    for source, query in ((AuditEvent, events), (CaseMove, moves)):
        part = query.order_by(source.at.desc(), source.id.desc()).limit(limit + 1)
        if cursor is not None:
            part = part.where(tuple_(source.at, source.id) < tuple_(cursor.at, cursor.id))
        parts.append(part.subquery())
    both = union_all(*(select(part) for part in parts)).subquery("trail")
    rows = await session.execute(
        select(
            *(both.c[name] for name in Entry._fields[:-2]),
            User.name.label("user_name"),
            ApiKey.name.label("client_name"),
        )
        .outerjoin(User, and_(User.organisation_id == both.c.organisation_id, User.id == both.c.user_id))
        .outerjoin(ApiKey, and_(ApiKey.organisation_id == both.c.organisation_id, ApiKey.id == both.c.client_id))
        .order_by(both.c.at.desc(), both.c.id.desc())
        .limit(limit + 1)
    )
    return cut_page([Entry(**row) for row in rows.mappings()], limit, lambda entry: Cursor(entry.at, entry.id))


async def name_things(session: AsyncSession, ids: Collection[UUID], viewer: Viewer) -> dict[UUID, str]:
    """The names of those of the ids that are people, teams, keys, or cases the viewer may see."""
    cases = select(Case.id, Case.title).where(Case.id.in_(ids), visible_to(viewer))
    named = [select(table.id, table.name).where(table.id.in_(ids)) for table in (User, Team, ApiKey)]
    found = await session.execute(union_all(cases, *named))
    return {row[0]: row[1] for row in found}
