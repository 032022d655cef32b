"""Every select on revisions. The case must have been loaded by somebody who may read it."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.queries import join_name
from app.cases.models import Objection, Plan, Question, Revision, RevisionKind
from app.core.errors import NotFound
from app.core.pagination import Cursor, Page, cut_page

ON_PRACTICE = frozenset({RevisionKind.PRACTICE})
ON_CASE = frozenset(RevisionKind) - ON_PRACTICE
"""What the page of a case shows; a practice has a page of its own."""


class RevisionRow(NamedTuple):
    """A revision beside the one before it."""

    revision: Revision
    previous: dict[str, str] | None
    """The texts before; None of the first."""
    is_latest: bool
    """It is how the text stands now."""
    plan: Plan | None
    answered: Question | Objection | None
    """What the text is the answer to."""


def _select(case_id: UUID, kinds: Collection[RevisionKind]) -> Select[*tuple[Any, ...]]:
    in_turn: dict[str, Any] = {"partition_by": (Revision.kind, Revision.subject_id), "order_by": Revision.id}
    ranked = (
        select(
            Revision.id,
            func.lag(Revision.texts, type_=JSONB).over(**in_turn).label("previous"),
            func.lead(Revision.id).over(**in_turn).is_(None).label("is_latest"),
        )
        .where(Revision.case_id == case_id, Revision.kind.in_(kinds))
        .subquery()
    )
    return (
        select(Revision, ranked.c.previous, ranked.c.is_latest, Plan, Question, Objection)
        .join(ranked, ranked.c.id == Revision.id)
        .outerjoin(Plan, _is_subject(Plan))
        .outerjoin(Question, _is_subject(Question))
        .outerjoin(Objection, _is_subject(Objection))
        .options(join_name(Revision.user))
        .order_by(Revision.at.desc(), Revision.id.desc())
    )


def _is_subject(model: type[Plan | Question | Objection]) -> ColumnElement[bool]:
    return and_(model.organisation_id == Revision.organisation_id, model.id == Revision.subject_id)


def _read(row: Row[*tuple[Any, ...]]) -> RevisionRow:
    revision, previous, is_latest, plan, question, objection = row
    return RevisionRow(revision, previous, is_latest, plan, question or objection)


async def list_revisions(
    session: AsyncSession, case_id: UUID, kinds: Collection[RevisionKind], cursor: Cursor | None, limit: int
) -> Page[RevisionRow]:
    """The newest first."""
    query = _select(case_id, kinds).limit(limit + 1)
    if cursor is not None:
        query = query.where(tuple_(Revision.at, Revision.id) < tuple_(cursor.at, cursor.id))
    rows = [_read(row) for row in await session.execute(query)]
    return cut_page(rows, limit, lambda row: Cursor(row.revision.at, row.revision.id))


async def get_revision(
    session: AsyncSession, case_id: UUID, kinds: Collection[RevisionKind], revision_id: UUID
) -> Revision:
    """One of the case, of these kinds; else NotFound."""
    query = select(Revision).where(Revision.case_id == case_id, Revision.kind.in_(kinds), Revision.id == revision_id)
    revision = await session.scalar(query)
    if revision is None:
        raise NotFound
    return revision


async def get_latest(session: AsyncSession, revision: Revision) -> RevisionRow:
    """How the thing stands now that the revision is one of."""
    same = (Revision.kind == revision.kind, Revision.subject_id == revision.subject_id)
    query = _select(revision.case_id, {revision.kind}).where(*same).order_by(None).order_by(Revision.id.desc()).limit(1)
    return _read((await session.execute(query)).one())
