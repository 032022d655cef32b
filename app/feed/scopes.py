"""Whose feed it is: everybody's, that of the reader's teams, or what concerns the reader."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case, CaseObstacle
from app.cases.queries import visible_to as case_visible_to
from app.cases.workflow import OPEN_STATES
from app.feed.models import Mark, News, Purpose
from app.feed.visibility import passed_to
from app.practices.models import Practice


class Scope(StrEnum):
    EVERYTHING = "everything"
    ME = "me"
    TEAMS = "teams"


@dataclass(frozen=True)
class Narrowed:
    """What a scope asks of a practice, of a resolved case, and of news."""

    practice: ColumnElement[bool]
    case: ColumnElement[bool]
    news: ColumnElement[bool]


async def narrow_to(session: AsyncSession, viewer: Viewer, scope: Scope) -> Narrowed:
    """The conditions of a scope; `me` needs a person."""
    match scope:
        case Scope.ME:
            return await _concern(session, viewer)
        case Scope.TEAMS:
            return Narrowed(Practice.team_id.in_(viewer.team_ids), Case.team_id.in_(viewer.team_ids), passed_to(viewer))
        case _:
            return Narrowed(true(), true(), true())


async def _concern(session: AsyncSession, viewer: Viewer) -> Narrowed:
    """What the reader follows, and what the reader's own open cases are stuck on.

    The ids are read first: PostgreSQL plans well only for ids that it knows. What only readers of a case know, its
    tags and that it is the one they follow, finds the practice made of it for them alone.
    """
    followed = (
        await session.scalars(select(Mark).where(Mark.user_id == viewer.person_id, Mark.purpose == Purpose.FOLLOW))
    ).all()
    stuck = await session.scalars(
        select(CaseObstacle.code_id)
        .join(Case, and_(Case.organisation_id == CaseObstacle.organisation_id, Case.id == CaseObstacle.case_id))
        .where(Case.owner_id.in_(viewer.user_ids), Case.state.in_(OPEN_STATES))
        .distinct()
    )
    people = [mark.person_id for mark in followed if mark.person_id]
    teams = [mark.team_id for mark in followed if mark.team_id]
    codes = {*stuck, *(mark.code_id for mark in followed if mark.code_id)}
    about_code = _has_obstacle(codes)
    about_case = or_(
        Case.id.in_([mark.case_id for mark in followed if mark.case_id]),
        _has_tag([mark.tag for mark in followed if mark.tag]),
    )
    return Narrowed(
        or_(
            Practice.id.in_([mark.practice_id for mark in followed if mark.practice_id]),
            Practice.solver_id.in_(people),
            Practice.team_id.in_(teams),
            about_code,
            and_(about_case, case_visible_to(viewer)),
        ),
        or_(Case.owner_id.in_(people), Case.team_id.in_(teams), about_code, about_case),
        or_(passed_to(viewer), News.code_id.in_(codes)),
    )


def _has_obstacle(code_ids: Collection[UUID]) -> ColumnElement[bool]:
    stuck = select(CaseObstacle.id).where(
        CaseObstacle.organisation_id == Case.organisation_id,
        CaseObstacle.case_id == Case.id,
        CaseObstacle.code_id.in_(code_ids),
    )
    return stuck.correlate(Case).exists()


def _has_tag(tags: Collection[str]) -> ColumnElement[bool]:
    tag: ColumnElement[str] = func.unnest(Case.tags).column_valued("tag")
    return select(tag).where(func.lower(tag).in_(tags)).correlate(Case).exists()
