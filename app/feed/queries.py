"""The feed: practices, newly resolved cases and news in one order, cut to what the reader may see before the limit.

An item stands where it surfaced last: a resolved case when it was resolved, a practice when it was shared or last
worked for a colleague, whichever is later. Use that is known to have worked lifts; nothing else does. The order is
total (time, then id), so that pages by cursor neither repeat nor skip an item that stays where it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    String,
    Uuid,
    and_,
    cast,
    desc,
    false,
    func,
    literal,
    null,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.models import Team, User
from app.accounts.viewer import Viewer
from app.cases.models import Case, CaseObstacle, CodeKind
from app.cases.queries import visible_to as case_visible_to
from app.cases.workflow import State
from app.core.pagination import Cursor, Page, cut_page
from app.feed.models import News, NewsDecision
from app.feed.scopes import Scope, narrow_to
from app.feed.visibility import news_visible_to, passes_to
from app.practices import queries as practices
from app.practices.models import Practice, Trust
from app.practices.queries import NEVER_USED, CodeName, Codes, UseCounts, narrow_cases

ItemKind = Literal["practice", "case", "news"]
SUMMARY_LENGTH = 280


@dataclass(frozen=True)
class Name:
    """A person or a team."""

    id: UUID
    name: str


@dataclass(frozen=True)
class FeedItem:
    """A practice with its uses, a resolved case, or news, as a list shows it: only what may be shown is read."""

    id: UUID
    kind: ItemKind
    at: datetime
    title: str
    summary: str
    language: str
    trust: Trust | None
    outcome: CodeName | None
    obstacles: list[CodeName]
    person: Name
    team: Name | None
    counts: UseCounts
    passed_by: str | None
    """Of news: the manager who passed it on to the reader's team."""
    comment: str | None

    @property
    def route(self) -> str:
        """Its page, whose parameter is `<kind>_id`."""
        return f"{self.kind}_detail"


Place = Row[Any]


async def list_feed(
    session: AsyncSession,
    viewer: Viewer,
    codes: Codes,
    *,
    cursor: Cursor | None = None,
    limit: int,
    scope: Scope = Scope.EVERYTHING,
    team: UUID | None = None,
    language: str | None = None,
    **told: str | None,
) -> Page[FeedItem]:
    """The newest items, or those after the cursor. Obsolete practices are left out. `told`: see `narrow_cases`."""
    about = narrow_cases(codes, **told)
    within = await narrow_to(session, viewer, scope)
    shared = _select_practices().where(practices.visible_to(viewer), Practice.trust != Trust.OBSOLETE, *about)
    resolved = _select_cases().where(Case.state == State.RESOLVED, case_visible_to(viewer), *about)
    shared, resolved = shared.where(within.practice), resolved.where(within.case)
    news = _select_news(viewer).where(news_visible_to(viewer), within.news, *_narrow_news(codes, told))
    if team:
        news = news.where(_passed_on_to(team))
        shared, resolved = shared.where(Practice.team_id == team), resolved.where(Case.team_id == team)
    if language:
        news = news.where(News.language == language)
        shared, resolved = shared.where(Practice.language == language), resolved.where(Case.language == language)
    if cursor:
        after = tuple_(cursor.at, cursor.id)
        news = news.where(tuple_(News.at, News.id) < after)
        shared = shared.where(tuple_(Practice.surfaced_at, Practice.id) < after)
        resolved = resolved.where(tuple_(Case.moved_at, Case.id) < after)
    newest = union_all(
        shared.order_by(Practice.surfaced_at.desc(), Practice.id.desc()).limit(limit + 1),
        resolved.order_by(Case.moved_at.desc(), Case.id.desc()).limit(limit + 1),
        news.order_by(News.at.desc(), News.id.desc()).limit(limit + 1),
    )
    found = await session.execute(newest.order_by(desc("at"), desc("id")).limit(limit + 1))
    page = cut_page(found.all(), limit, lambda place: Cursor(place.at, place.id))
    return Page(await _complete(session, page.items, codes), page.next_cursor)


@cache
def _select_practices() -> Select[Any]:
    return (
        select(
            literal("practice").label("kind"),
            Practice.id.label("id"),
            Practice.surfaced_at.label("at"),
            Practice.title.label("title"),
            func.left(Practice.when_to_use, SUMMARY_LENGTH).label("summary"),
            Practice.language.label("language"),
            Practice.trust.label("trust"),
            Practice.solver_id.label("person_id"),
            User.name.label("person"),
            Practice.team_id.label("team_id"),
            Team.name.label("team"),
            Case.outcome_id.label("outcome_id"),
            _obstacle_ids().label("obstacle_ids"),
            cast(null(), String).label("passed_by"),
            cast(null(), String).label("comment"),
        )
        .join(Practice.case)
        .join(Practice.solver)
        .outerjoin(Practice.team)
    )


@cache
def _select_cases() -> Select[Any]:
    learned = func.coalesce(func.nullif(Case.outcome_worked, ""), Case.outcome_not_worked)
    return (
        select(
            literal("case"),
            Case.id,
            Case.moved_at,
            Case.title,
            func.left(learned, SUMMARY_LENGTH),
            Case.language,
            null(),
            Case.owner_id,
            User.name,
            Case.team_id,
            Team.name,
            Case.outcome_id,
            _obstacle_ids(),
            cast(null(), String),
            cast(null(), String),
        )
        .join(Case.owner)
        .outerjoin(Case.team)
    )


def _select_news(viewer: Viewer) -> Select[Any]:
    """With the latest word of a manager who passed it on to a team of the viewer's."""
    manager = aliased(User)
    passed = (
        select(manager.name.label("by"), NewsDecision.comment.label("comment"))
        .join(
            manager,
            and_(manager.organisation_id == NewsDecision.organisation_id, manager.id == NewsDecision.decided_by_id),
        )
        .where(passes_to(viewer))
        .order_by(NewsDecision.at.desc(), NewsDecision.id)
        .limit(1)
        .correlate(News)
        .lateral("passed")
    )
    return (
        select(
            literal("news"),
            News.id,
            News.at,
            News.title,
            func.left(News.text, SUMMARY_LENGTH),
            News.language,
            null(),
            News.author_id,
            User.name,
            null(),
            null(),
            null(),
            func.array_remove(array([News.code_id]), null(), type_=ARRAY(Uuid())),
            passed.c.by,
            passed.c.comment,
        )
        .join(News.author)
        .outerjoin(passed, true())
    )


def _narrow_news(codes: Codes, told: Mapping[str, str | None]) -> list[ColumnElement[bool]]:
    """News is about an obstacle or about none; it has neither outcome nor stage, industry or product."""
    if any(value for name, value in told.items() if name != "obstacle"):
        return [false()]
    key = told.get("obstacle")
    ids = [code_id for code_id, code in codes.items() if code.kind is CodeKind.OBSTACLE and code.key == key]
    return [News.code_id.in_(ids)] if key else []


def _passed_on_to(team_id: UUID) -> ColumnElement[bool]:
    return News.id.in_(select(NewsDecision.news_id).where(NewsDecision.passes, NewsDecision.team_id == team_id))


def _obstacle_ids() -> ColumnElement[list[UUID]]:
    """The codes of the case's obstacles, the main one first."""
    stuck = (
        select(CaseObstacle.code_id)
        .where(CaseObstacle.organisation_id == Case.organisation_id, CaseObstacle.case_id == Case.id)
        .order_by(CaseObstacle.position, CaseObstacle.id)
    )
    return func.array(stuck.correlate(Case).scalar_subquery(), type_=ARRAY(Uuid()))


async def _complete(session: AsyncSession, places: Sequence[Place], codes: Codes) -> list[FeedItem]:
    counts = await practices.count_uses(session, [place.id for place in places if place.kind == "practice"])
    return [
        FeedItem(
            id=place.id,
            kind=place.kind,
            at=place.at,
            title=place.title,
            summary=place.summary,
            language=place.language,
            trust=place.trust,
            outcome=codes.get(place.outcome_id),
            obstacles=[codes[code_id] for code_id in place.obstacle_ids],
            person=Name(place.person_id, place.person),
            team=Name(place.team_id, place.team) if place.team_id else None,
            counts=counts.get(place.id, NEVER_USED),
            passed_by=place.passed_by,
            comment=place.comment,
        )
        for place in places
    ]
