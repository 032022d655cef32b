"""Every select on passages. What the viewer may not see is left out before anything is ranked or counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Float,
    FromClause,
    Row,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case, CaseObstacle, CodeKind, Plan
from app.cases.queries import visible_to
from app.cases.workflow import CLOSED_STATES, OPEN_STATES
from app.deals.models import Deal
from app.embeddings.vectors import Vector
from app.practices.models import Practice, PracticeUse, Trust, UseResult
from app.practices.queries import Codes, narrow_cases
from app.practices.queries import visible_to as practice_visible_to
from app.similar.filters import Filters, narrow
from app.similar.models import Passage, PassageVector, StoryVector
from app.similar.opinions import count_unhelpful, count_worked
from app.similar.vocabulary import QueryWords, measure_words

Rows: TypeAlias = Sequence[Row[*tuple[Any, ...]]]

INDEXED_STATES = OPEN_STATES | CLOSED_STATES
NO_CODES: Codes = MappingProxyType({})


@dataclass(frozen=True)
class Query:
    """What is looked for, ready to be compared."""

    language: str
    words: QueryWords
    vector: Vector | None
    generation_id: UUID | None
    """The vectors it may be compared with; None without a vector."""
    depth: int
    """Of each pool, as many are looked at closely."""
    story: Vector | None = None
    """The text read as a story; None where there is no vector."""
    stuck: float = 0.0
    """How surely the text tells of a stuck deal, 0 to 1."""


def select_visible(viewer: Viewer, filters: Filters, codes: Codes = NO_CODES) -> Select[*tuple[Any, ...]]:
    """Cases with a story to find that the viewer may see, or whose practice she may see; each once.

    A retired practice is none: its case is found as a case, by those who may read it.
    """
    readable = visible_to(viewer)
    shown = and_(
        Practice.organisation_id == Case.organisation_id,
        Practice.case_id == Case.id,
        Practice.trust != Trust.OBSOLETE,
        practice_visible_to(viewer),
    )
    query = (
        select(
            Case.id.label("case_id"),
            Practice.id.label("practice_id"),
            Case.state.in_(OPEN_STATES).label("is_open"),
            readable.label("readable"),
        )
        .join_from(Case, Practice, shown, isouter=True)
        .where(Case.state.in_(INDEXED_STATES), or_(readable, Practice.id.is_not(None)))
        .where(*narrow_cases(codes, obstacle=filters.obstacle, outcome=filters.outcome))
        .where(*narrow(filters, codes, readable))
    )
    if filters.state is not None:
        query = query.where(Case.state == filters.state)
    if filters.team_id is not None:
        query = query.where(Case.team_id == filters.team_id)
    if filters.language is not None:
        query = query.where(func.coalesce(func.nullif(Practice.language, ""), Case.language) == filters.language)
    if filters.exclude_case_id is not None:
        query = query.where(Case.id != filters.exclude_case_id)
    return query


def belongs_to(visible: FromClause, part: type[Any] = Passage) -> ColumnElement[bool]:
    """A practice's passage needs a visible practice, a case's own passage a readable case."""
    return and_(
        part.case_id == visible.c.case_id,
        or_(and_(part.practice_id.is_(None), visible.c.readable), part.practice_id == visible.c.practice_id),
    )


def _distance(query: Query) -> ColumnElement[float]:
    """Of vectors of length 1: the negative cosine."""
    distance: ColumnElement[float] = PassageVector.vector.max_inner_product(query.vector)
    return distance


def _select_first(
    visible: CTE, rows: CTE, order: ColumnElement[Any], count: int, *partition: ColumnElement[Any]
) -> Select[*tuple[Any, ...]]:
    """The first cases of each part: case_id, practice_id, is_open, readable."""
    place = func.row_number().over(partition_by=partition, order_by=[order, rows.c.case_id]).label("place")
    placed = select(rows.c.case_id, place).subquery()
    first = select(placed.c.case_id).where(placed.c.place <= count)
    return select(visible).where(visible.c.case_id.in_(first)).order_by(visible.c.case_id)


async def find_wordiest(
    session: AsyncSession, viewer: Viewer, words: QueryWords, filters: Filters, codes: Codes, depth: int
) -> Rows:
    """The cases whose passages hold most of the query's rare words."""
    if not words.finding:
        return []
    visible = select_visible(viewer, filters, codes).cte("visible")
    stems = " | ".join(term.query for term in words.finding)
    wordiest = (
        select(visible.c.case_id, visible.c.is_open, func.max(measure_words(words.finding)).label("found"))
        .join_from(visible, Passage, belongs_to(visible))
        .where(Passage.words.op("@@")(bindparam("stems", stems, type_=TSQUERY)))
        .group_by(visible.c.case_id, visible.c.is_open)
        .cte("wordiest")
    )
    first = _select_first(visible, wordiest, wordiest.c.found.desc(), depth, wordiest.c.is_open)
    return (await session.execute(first)).all()


async def find_coded(
    session: AsyncSession, viewer: Viewer, obstacles: Sequence[str], filters: Filters, codes: Codes, depth: int
) -> Rows:
    """The newest cases that are stuck for one of these reasons."""
    visible = select_visible(viewer, filters, codes).cte("visible")
    coded = (
        select(visible.c.case_id, visible.c.is_open)
        .join_from(visible, CaseObstacle, CaseObstacle.case_id == visible.c.case_id)
        .where(CaseObstacle.code_id.in_(list_ids(codes, CodeKind.OBSTACLE, obstacles)))
        .group_by(visible.c.case_id, visible.c.is_open)
        .cte("coded")
    )
    first = _select_first(visible, coded, coded.c.case_id.desc(), depth, coded.c.is_open)
    return (await session.execute(first)).all()


def list_ids(codes: Codes, kind: CodeKind, keys: Sequence[str]) -> list[UUID]:
    return [code_id for code_id, code in codes.items() if code.kind == kind and code.key in keys]


async def list_evidence(
    session: AsyncSession, query: Query, *, case_ids: Sequence[UUID], practice_ids: Sequence[UUID]
) -> Rows:
    """How near each passage of these is: id, case_id, section, language, cosine, found, length."""
    cosine: ColumnElement[Any] = cast(null(), Float) if query.vector is None else -_distance(query)
    own = and_(
        PassageVector.organisation_id == Passage.organisation_id,
        PassageVector.generation_id == query.generation_id,
        PassageVector.passage_id == Passage.id,
    )
    rows = await session.execute(
        select(
            Passage.id,
            Passage.case_id,
            Passage.section,
            Passage.language,
            cosine.label("cosine"),
            measure_words(query.words.terms).label("found"),
            func.length(Passage.words).label("length"),
        )
        .join_from(Passage, PassageVector, own, isouter=True)
        .where(
            or_(
                and_(Passage.practice_id.is_(None), Passage.case_id == _any_of(case_ids)),
                Passage.practice_id == _any_of(practice_ids),
            )
        )
        .order_by(Passage.id)
    )
    return rows.all()


async def list_story_evidence(
    session: AsyncSession, query: Query, stuck: Vector, *, case_ids: Sequence[UUID], practice_ids: Sequence[UUID]
) -> Rows:
    """How near the story of each of these is: case_id, practice_id, cosine, leaning (in the direction of `stuck`)."""
    rows = await session.execute(
        select(
            StoryVector.case_id,
            StoryVector.practice_id,
            (-StoryVector.vector.max_inner_product(query.story)).label("cosine"),
            (-StoryVector.vector.max_inner_product(stuck[:-1])).label("leaning"),
        )
        .where(
            StoryVector.generation_id == query.generation_id,
            or_(
                and_(StoryVector.practice_id.is_(None), StoryVector.case_id == _any_of(case_ids)),
                StoryVector.practice_id == _any_of(practice_ids),
            ),
        )
        .order_by(StoryVector.id)
    )
    return rows.all()


def _any_of(ids: Sequence[UUID]) -> Any:
    return any_(literal(list(ids), ARRAY(Uuid())))


async def list_facts(session: AsyncSession, case_ids: Sequence[UUID]) -> Rows:
    """What cases are about and how they ended, in codes, and how colleagues took them."""
    obstacle_ids = func.array(
        select(CaseObstacle.code_id)
        .where(CaseObstacle.case_id == Case.id)
        .order_by(CaseObstacle.position, CaseObstacle.id)
        .scalar_subquery()
    )
    worked = (
        select(func.count())
        .join_from(PracticeUse, Practice, Practice.id == PracticeUse.practice_id)
        .where(Practice.case_id == Case.id, PracticeUse.result == UseResult.WORKED)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(
            Case.id,
            Case.moved_at,
            Case.industry_id,
            Case.stage_id,
            Case.outcome_id,
            Case.product,
            Deal.customer,
            ((Case.outcome_worked != "") | (Case.outcome_not_worked != "")).label("has_written_outcome"),
            obstacle_ids.label("obstacle_ids"),
            worked.label("verified_uses"),
            count_unhelpful().label("unhelpful"),
            count_worked().label("worked_for"),
        )
        .join_from(Case, Deal, Deal.id == Case.deal_id)
        .where(Case.id == _any_of(case_ids))
        .order_by(Case.id)
    )
    return rows.all()


async def list_stories(session: AsyncSession, case_ids: Sequence[UUID]) -> Rows:
    """What is shown of cases and of the practices made from them. Whether it may be shown is known already."""
    plan = func.coalesce(Case.outcome_plan_id, Case.chosen_plan_id)
    rows = await session.execute(
        select(
            Case.id,
            Case.title,
            Case.state,
            Case.outcome_worked,
            Case.outcome_not_worked,
            Practice.title.label("practice_title"),
            Practice.what_to_do,
            Practice.what_to_say,
            Practice.trust,
            Plan.id.label("plan_id"),
            Plan.letter,
            Plan.move,
            Plan.positioning,
        )
        .join_from(Case, Practice, Practice.case_id == Case.id, isouter=True)
        .join(Plan, Plan.id == plan, isouter=True)
        .where(Case.id == _any_of(case_ids))
        .order_by(Case.id)
    )
    return rows.all()


async def list_passages(session: AsyncSession, passage_ids: Sequence[UUID]) -> Rows:
    """id, section, text and language."""
    rows = await session.execute(
        select(Passage.id, Passage.section, Passage.text, Passage.language)
        .where(Passage.id == _any_of(passage_ids))
        .order_by(Passage.id)
    )
    return rows.all()
