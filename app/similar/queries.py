"""Every select on passages. What the viewer may not see is left out before anything is ranked or counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Float,
    Select,
    Text,
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
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CaseObstacle, CodeKind, Plan
from app.deals.models import Deal
from app.embeddings.slot import DIMENSIONS
from app.embeddings.vectors import Vector
from app.practices.models import Practice, PracticeUse, UseResult
from app.practices.queries import Codes
from app.similar.models import Passage, PassageVector, StoryVector
from app.similar.opinions import count_unhelpful, count_worked
from app.similar.scope import POOLS, Rows, Scope, belongs_to, select_first, write_once
from app.similar.vocabulary import MEASURE, QueryWords, name_words

PARTS = 2
"""A case is found by its own text and by its practice's."""


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


VECTOR = bindparam("vector", type_=HALFVEC(DIMENSIONS))
STORY = bindparam("story", type_=HALFVEC(DIMENSIONS))
STUCK = bindparam("stuck", type_=HALFVEC(DIMENSIONS))
GENERATION = bindparam("generation_id", type_=Uuid())
CASES, PRACTICES, PASSAGES = (
    any_(bindparam(name, type_=ARRAY(Uuid()))) for name in ("case_ids", "practice_ids", "passage_ids")
)


@write_once
def write_wordiest(scope: Scope, depth: int) -> Select[*tuple[Any, ...]]:
    """Looks for `stems`, and asks of the passages with the most of the words, one by one, whether they may be seen."""
    hits = (
        select(Passage.case_id, Passage.practice_id, func.max(MEASURE).label("found"))
        .where(Passage.words.op("@@")(bindparam("stems", type_=TSQUERY)))
        .group_by(Passage.case_id, Passage.practice_id)
        .cte("hits")
        .prefix_with("MATERIALIZED")
    )
    # Without the offset PostgreSQL would ask of all of them before it sorts.
    ordered = select(hits).order_by(hits.c.found.desc(), hits.c.case_id).offset(0).subquery("ordered")
    of_pools = []
    for pool in POOLS:
        passing = scope.select([pool]).where(Case.id == ordered.c.case_id).correlate(ordered).subquery("passing")
        passes = select(literal(True)).select_from(passing).where(belongs_to(passing, ordered.c)).correlate(ordered)
        first = select(ordered.c.case_id, ordered.c.found).where(passes.scalar_subquery()).limit(PARTS * depth)
        of_pools.append(select(first.subquery()))
    wordiest = union_all(*of_pools).subquery()
    most = (
        select(wordiest.c.case_id, func.max(wordiest.c.found).label("found")).group_by(wordiest.c.case_id).cte("most")
    )
    visible = scope.select().where(Case.id.in_(select(most.c.case_id))).cte("visible")
    measured = select(visible, most.c.found).join_from(most, visible, visible.c.case_id == most.c.case_id)
    placed = measured.subquery("measured")
    return select_first(placed, depth, placed.c.found.desc())


async def find_wordiest(session: AsyncSession, scope: Scope, words: QueryWords, depth: int) -> Rows:
    """The cases of each pool whose passages hold most of the query's rare words."""
    if not words.finding:
        return []
    stems = " | ".join(term.query for term in words.finding)
    asked = {"stems": stems, **name_words(words.finding)}
    return (await session.execute(write_wordiest(scope, depth), asked)).all()


async def find_coded(session: AsyncSession, scope: Scope, obstacles: Sequence[str], depth: int) -> Rows:
    """The newest cases of each pool that are stuck for one of these reasons."""
    reasons = list_ids(scope.codes, CodeKind.OBSTACLE, obstacles)
    stuck = select(CaseObstacle.case_id).where(CaseObstacle.code_id.in_(reasons))
    coded = scope.select().where(Case.id.in_(stuck)).cte("coded")
    return (await session.execute(select_first(coded, depth, coded.c.case_id.desc()))).all()


def list_ids(codes: Codes, kind: CodeKind, keys: Sequence[str]) -> list[UUID]:
    return [code_id for code_id, code in codes.items() if code.kind == kind and code.key in keys]


def _write_evidence(cosine: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    own = and_(
        PassageVector.organisation_id == Passage.organisation_id,
        PassageVector.generation_id == GENERATION,
        PassageVector.passage_id == Passage.id,
    )
    word = func.unnest(Passage.words).table_valued("lexeme", "positions", "weights", name="word")
    asked = any_(bindparam("stems", type_=ARRAY(Text())))
    counted = func.jsonb_object_agg(word.c.lexeme, func.cardinality(word.c.positions))
    held = select(counted).where(word.c.lexeme == asked).scalar_subquery()
    return (
        select(
            Passage.id,
            Passage.case_id,
            Passage.section,
            Passage.language,
            cosine.label("cosine"),
            held.label("held"),
            func.length(Passage.words).label("length"),
        )
        .join_from(Passage, PassageVector, own, isouter=True)
        .where(or_(and_(Passage.practice_id.is_(None), Passage.case_id == CASES), Passage.practice_id == PRACTICES))
        .order_by(Passage.id)
    )


EVIDENCE = _write_evidence(-PassageVector.vector.max_inner_product(VECTOR))
EVIDENCE_OF_WORDS = _write_evidence(cast(null(), Float))


async def list_evidence(
    session: AsyncSession, query: Query, *, case_ids: Sequence[UUID], practice_ids: Sequence[UUID]
) -> Rows:
    """How near each passage of these is: id, case_id, section, language, cosine, length in different words, and how
    often it has each of the query's stems that it holds, as `held`.
    """
    asked = {
        "case_ids": case_ids,
        "practice_ids": practice_ids,
        "generation_id": query.generation_id,
        "stems": query.words.list_stems(),
    }
    if query.vector is None:
        return (await session.execute(EVIDENCE_OF_WORDS, asked)).all()
    return (await session.execute(EVIDENCE, asked | {"vector": query.vector})).all()


STORY_EVIDENCE = (
    select(
        StoryVector.case_id,
        StoryVector.practice_id,
        (-StoryVector.vector.max_inner_product(STORY)).label("cosine"),
        (-StoryVector.vector.max_inner_product(STUCK)).label("leaning"),
    )
    .where(
        StoryVector.generation_id == GENERATION,
        or_(
            and_(StoryVector.practice_id.is_(None), StoryVector.case_id == CASES), StoryVector.practice_id == PRACTICES
        ),
    )
    .order_by(StoryVector.id)
)


async def list_story_evidence(
    session: AsyncSession, query: Query, stuck: Vector, *, case_ids: Sequence[UUID], practice_ids: Sequence[UUID]
) -> Rows:
    """How near the story of each of these is: case_id, practice_id, cosine, leaning (in the direction of `stuck`)."""
    asked = {
        "case_ids": case_ids,
        "practice_ids": practice_ids,
        "generation_id": query.generation_id,
        "story": query.story,
        "stuck": stuck[:-1],
    }
    return (await session.execute(STORY_EVIDENCE, asked)).all()


def _write_facts() -> Select[*tuple[Any, ...]]:
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
    return (
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
        .where(Case.id == CASES)
        .order_by(Case.id)
    )


FACTS = _write_facts()


async def list_facts(session: AsyncSession, case_ids: Sequence[UUID]) -> Rows:
    """What cases are about and how they ended, in codes."""
    return (await session.execute(FACTS, {"case_ids": case_ids})).all()


def _write_stories() -> Select[*tuple[Any, ...]]:
    plan = func.coalesce(Case.outcome_plan_id, Case.chosen_plan_id)
    return (
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
        .where(Case.id == CASES)
        .order_by(Case.id)
    )


STORIES = _write_stories()


async def list_stories(session: AsyncSession, case_ids: Sequence[UUID]) -> Rows:
    """What is shown of cases and of the practices made from them. Whether it may be shown is known already."""
    return (await session.execute(STORIES, {"case_ids": case_ids})).all()


PASSAGE_TEXTS = (
    select(Passage.id, Passage.section, Passage.text, Passage.language)
    .where(Passage.id == PASSAGES)
    .order_by(Passage.id)
)


async def list_passages(session: AsyncSession, passage_ids: Sequence[UUID]) -> Rows:
    """id, section, text and language."""
    return (await session.execute(PASSAGE_TEXTS, {"passage_ids": passage_ids})).all()
