"""Which rows and columns an export holds: read from the tables themselves, so that none is forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, CompoundSelect, Select, Table, and_, exists, literal, or_, select, union

import app.comments.models
import app.feed.models
import app.imports.models
import app.links.models
import app.notifications.models
import app.practices.models
import app.similar.models  # noqa: F401 - each import adds its tables, in the worker's own process too.
from app.accounts.models import Identity, StandIn, User
from app.cases.models import Case
from app.cases.queries import is_private
from app.core.db import Base
from app.deals.models import Deal
from app.exports.models import Scope

LEFT_OUT = {
    "sessions": "ways in; not guarded by row-level security",
    "one_time_links": "ways in",
    "private_addresses": "ways in",
    "stand_ins": "tells who posted without a name",
    "idempotency_keys": "answers that are in the data already",
    "passages": "made from cases and practices",
    "passage_vectors": "made from passages",
    "story_vectors": "made from cases and practices",
    "generations": "tells of vectors",
    "imports": "files that are in the cases already",
    "notifications": "made from what happened, and kept for 90 days",
    "exports": "the export itself",
    "export_parts": "the export itself",
}
"""Tables that are no part of an export, and why."""

SECRET = {"token_hash"}
"""Columns that let somebody in."""

OWN = {
    "owner_id",
    "author_id",
    "user_id",
    "solver_id",
    "asked_by_id",
    "answered_by_id",
    "raised_by_id",
    "added_by_id",
    "made_by_id",
    "decided_by_id",
}
"""Columns that say whose a row is: it belongs to the export of that person."""


PERSONAL = {"marks", "match_feedback"}
"""What somebody keeps or says for themselves, also about a case that they posted without a name."""


@dataclass(frozen=True)
class Extent:
    """What an export may hold."""

    organisation_id: UUID
    scope: Scope
    user_id: UUID | None
    with_drafts: bool
    """A draft, and a case posted without a name, is in the export of its own author, and in no other."""


def list_tables() -> Iterator[Table]:
    """Every table of an organisation that an export holds, those that others point to first."""
    for table in Base.metadata.sorted_tables:
        if "organisation_id" in table.c and table.name not in LEFT_OUT:
            yield table


def list_columns(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if column.name not in SECRET]


def select_rows(table: Table, extent: Extent) -> Select[Any] | None:
    """The rows of a table; None when nothing in it can belong to the person."""
    conditions = [table.c.organisation_id == extent.organisation_id]
    if not extent.with_drafts:
        conditions += [*_leave_drafts(table), *_leave_what_tells(table)]
    if extent.scope is Scope.PERSON:
        own = [table.c.id] if table is User.__table__ else [table.c[name] for name in sorted(OWN) if name in table.c]
        if not own:
            return None
        conditions.append(or_(*(column.in_(_select_names_of(extent)) for column in own)))
    columns: list[Any] = list_columns(table)
    query = select(*columns)
    if table is User.__table__:
        query = query.add_columns(Identity.email).outerjoin(Identity, Identity.id == table.c.identity_id)
    return query.where(*conditions)


def _leave_what_tells(table: Table) -> Iterator[ColumnElement[bool]]:
    """What keeps out that somebody marked or judged something for the case that they posted without a name."""
    if table.name in PERSONAL:
        places = [table.c[name] for name in ("case_id", "asking_case_id", "practice_id") if name in table.c]
        own = or_(*(column.in_([StandIn.case_id, StandIn.practice_id]) for column in places))
        behind = and_(StandIn.organisation_id == table.c.organisation_id, StandIn.person_id == table.c.user_id)
        yield ~exists().where(behind, own)


def _select_names_of(extent: Extent) -> CompoundSelect[UUID]:
    """The person; for that person alone also whoever stands in for them."""
    person = select(User.id).where(User.id == extent.user_id)
    return union(
        person, select(StandIn.user_id).where(StandIn.person_id == extent.user_id, literal(extent.with_drafts))
    )


def _leave_drafts(table: Table) -> Iterator[ColumnElement[bool]]:
    """What keeps private cases, and all that points to one, out."""
    private = select(Case.id).where(is_private())
    if table is Case.__table__:
        yield table.c.id.not_in(private)
    if table is Deal.__table__:
        drafts = exists().where(Case.organisation_id == table.c.organisation_id, Case.deal_id == table.c.id)
        yield or_(~drafts, and_(drafts, exists().where(Case.deal_id == table.c.id, ~is_private())))
    for constraint in table.foreign_key_constraints:
        if constraint.referred_table is Case.__table__:
            column = table.c[next(name for name in constraint.column_keys if name != "organisation_id")]
            yield or_(column.is_(None), column.not_in(private))
