"""The vectors that one model made beside those of another: built, put in use, deleted.

Who writes passages holds the generations (`hold_generations`), who puts others in use keeps all writers waiting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, distinct, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.models import Organisation
from app.cases.models import Case
from app.core.db import SessionFactory, new_id
from app.core.jobs import BULK, publish
from app.similar.models import Generation, Passage, PassageVector, StoryVector
from app.similar.scope import INDEXED_STATES

LAST_SEARCH = timedelta(minutes=10)
"""Whoever began to search before the switch is done by then, and the vectors that were replaced may go."""


@dataclass(frozen=True)
class Progress:
    """How far a model is with an organisation's cases."""

    model: str
    in_use: bool
    done: int
    total: int


async def get_generation(session: AsyncSession, organisation_id: UUID, model: str) -> UUID:
    """The organisation's vectors of this model, in use at once when they are the first."""
    made = (
        insert(Generation)
        .values(organisation_id=organisation_id, id=new_id(), model=model, in_use=~exists().where(Generation.in_use))
        .on_conflict_do_nothing()
    )
    found = select(Generation.id).where(Generation.model == model)
    generation_id = await session.scalar(found)
    if generation_id is None:
        await session.execute(made)
        generation_id = (await session.scalars(found)).one()
    return generation_id


async def find_generation(session: AsyncSession, models: Sequence[str]) -> Row[UUID, str] | None:
    """The vectors in use, by id and model, if one of these models made them."""
    query = select(Generation.id, Generation.model).where(Generation.in_use, Generation.model.in_(models))
    return (await session.execute(query)).one_or_none()


async def has_generation(session: AsyncSession) -> bool:
    """Whether any model's vectors are in use."""
    return await session.scalar(select(Generation.id).where(Generation.in_use)) is not None


async def list_organisations(factory: SessionFactory) -> list[UUID]:
    async with factory() as session:
        return list(await session.scalars(select(Organisation.id).order_by(Organisation.id)))


async def hold_generations(session: AsyncSession) -> None:
    """Until the end of the transaction none is put in use or deleted."""
    await session.execute(select(Generation.id).order_by(Generation.id).with_for_update(read=True))


async def choose_models(session: AsyncSession, models: Sequence[str], newest: str | None) -> list[str]:
    """Those of the models to write vectors of: the newest, and one whose vectors are in use still; that one first."""
    in_use = await session.scalar(select(Generation.model).where(Generation.in_use))
    chosen = [model for model in models if model in (in_use, newest)]
    return sorted(chosen, key=lambda model: model != in_use)


OtherStory = aliased(StoryVector)


def lacks_vector(generation_id: Any) -> ColumnElement[bool]:
    """Which passages have no vector of the generation."""
    has = exists().where(PassageVector.generation_id == generation_id, PassageVector.passage_id == Passage.id)
    return ~has


def lacks_story(generation_id: Any) -> ColumnElement[bool]:
    """Which stories (`OtherStory`) the generation has no vector of. None is of a text as it once was."""
    has = exists().where(
        StoryVector.generation_id == generation_id,
        StoryVector.case_id == OtherStory.case_id,
        StoryVector.practice_id.is_not_distinct_from(OtherStory.practice_id),
        StoryVector.content_hash == OtherStory.content_hash,
    )
    return ~has


async def list_unindexed(session: AsyncSession, model: str, *, after: UUID | None, limit: int) -> list[UUID]:
    """Cases with a passage or a story that the model has not read, or with no story at all."""
    generation_id = select(Generation.id).where(Generation.model == model).scalar_subquery()
    is_told = exists().where(StoryVector.generation_id == generation_id, StoryVector.case_id == Case.id)
    is_lacking = or_(
        ~is_told,
        exists().where(Passage.case_id == Case.id, lacks_vector(generation_id)),
        exists().where(OtherStory.case_id == Case.id, lacks_story(generation_id)),
    )
    query = select(Case.id).where(Case.state.in_(INDEXED_STATES), is_lacking).order_by(Case.id).limit(limit)
    if after is not None:
        query = query.where(Case.id > after)
    return list(await session.scalars(query))


async def switch_generation(session: AsyncSession, organisation_id: UUID, model: str) -> bool:
    """Put the model's vectors in use, if it has read all that is indexed; whether they are.

    Writers of passages wait for the end of the transaction, searches do not.
    """
    generation_id = await get_generation(session, organisation_id, model)
    held = select(Generation.id, Generation.in_use).order_by(Generation.id).with_for_update(key_share=True)
    if dict((await session.execute(held)).all())[generation_id]:
        return True
    if await _lacks_any(session, generation_id):
        return False
    await session.execute(update(Generation).where(Generation.in_use).values(in_use=False))
    await session.execute(update(Generation).where(Generation.id == generation_id).values(in_use=True))
    await announce_replaced(session, organisation_id)
    return True


async def _lacks_any(session: AsyncSession, generation_id: UUID) -> bool:
    """Whether an indexed case has what the generation lacks. Two anti-joins: writers are waiting."""
    indexed = Case.state.in_(INDEXED_STATES)
    passages = select(Passage.id).join(Case, Case.id == Passage.case_id).where(indexed, lacks_vector(generation_id))
    stories = select(OtherStory.id).join(Case, Case.id == OtherStory.case_id).where(indexed, lacks_story(generation_id))
    return any([await session.scalar(select(lacking.exists())) for lacking in (passages, stories)])


async def announce_replaced(session: AsyncSession, organisation_id: UUID) -> None:
    """Let vectors that are of no use be deleted, once nobody searches them any more."""
    await publish(session, "generation.replaced", queue=BULK, after=LAST_SEARCH, organisation_id=str(organisation_id))


async def list_replaced(session: AsyncSession, newest: str) -> list[UUID]:
    """Generations that are neither in use nor being built."""
    query = select(Generation.id).where(~Generation.in_use, Generation.model != newest).order_by(Generation.id)
    return list(await session.scalars(query))


async def delete_replaced(session: AsyncSession, newest: str, *, limit: int) -> int:
    """Delete up to `limit` vectors of each kind that are neither in use nor being built; how many there were.

    What a writer of passages is about to delete is left to it: the two would wait for each other.
    """
    replaced = await list_replaced(session, newest)
    count = 0
    for table, key in ((PassageVector, PassageVector.passage_id), (StoryVector, StoryVector.id)):
        of_these = table.generation_id.in_(replaced)
        batch = select(key).where(of_these).limit(limit).with_for_update(skip_locked=True)
        ids = (await session.scalars(batch)).all()
        await session.execute(delete(table).where(of_these, key.in_(ids)))
        count += len(ids)
    if not count:
        await session.execute(delete(Generation).where(Generation.id.in_(replaced)))
    return count


async def read_progress(session: AsyncSession, *, building: str | None = None) -> list[Progress]:
    """How far each model is, the oldest first; or the one that is `building`, unless it is in use."""
    query = select(Generation.id, Generation.model, Generation.in_use).order_by(Generation.created_at, Generation.id)
    if building is not None:
        query = query.where(Generation.model == building, ~Generation.in_use)
    generations = (await session.execute(query)).all()
    if not generations:
        return []
    total = await session.scalar(select(func.count()).where(Case.state.in_(INDEXED_STATES))) or 0
    told = (
        select(StoryVector.generation_id, func.count(distinct(StoryVector.case_id)))
        .join(Case, Case.id == StoryVector.case_id)
        .where(Case.state.in_(INDEXED_STATES), StoryVector.generation_id.in_([row.id for row in generations]))
        .group_by(StoryVector.generation_id)
    )
    done = dict((await session.execute(told)).all())
    return [Progress(row.model, row.in_use, done.get(row.id, 0), total) for row in generations]
