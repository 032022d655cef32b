"""Jobs that keep the passages fresh."""

from uuid import UUID

import structlog
from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation
from app.cases.models import Case
from app.core.db import SessionFactory
from app.core.jobs import BULK, JobEnvironment, publish
from app.core.tenancy import organisation_session
from app.embeddings.slot import ModelSlot
from app.embeddings.vectors import Vector
from app.similar.indexing import Read, list_wanted, read_anew, read_vectors, write_passages, write_vectors
from app.similar.models import Generation, Passage, PassageVector, StoryVector
from app.similar.queries import INDEXED_STATES

log = structlog.get_logger("similar")

PAGE = 200


async def index_case(environment: JobEnvironment, /, *, organisation_id: str, case_id: str, **_rest: str) -> None:
    """Make the passages of one case follow its text. Only new text is encoded, outside any transaction."""
    await refresh_case(environment.session_factory, environment.get(ModelSlot), UUID(organisation_id), UUID(case_id))


async def refresh_case(factory: SessionFactory, slot: ModelSlot, organisation_id: UUID, case_id: UUID) -> int:
    """How many passages were written. When two run at once, the text as it is last wins."""
    embedder = slot.embedder
    vectors: dict[Read, Vector] = {}
    if embedder is not None:
        async with organisation_session(factory, organisation_id) as session:
            wanted = await list_wanted(session, case_id)
            known = await read_vectors(session, case_id, embedder.model_id)
        vectors = await read_anew(embedder, wanted, known)
    async with organisation_session(factory, organisation_id) as session:
        wanted = await list_wanted(session, case_id, lock=True)
        if embedder is not None:
            vectors |= await read_vectors(session, case_id, embedder.model_id)
        written = await write_passages(session, organisation_id, case_id, wanted)
        if embedder is not None:
            await write_vectors(session, organisation_id, case_id, wanted, embedder.model_id, vectors)
    if embedder is None and slot.embedder is not None:
        # The model came meanwhile, and whoever looked for cases without vectors may have looked before this one.
        return await refresh_case(factory, slot, organisation_id, case_id)
    return written


async def index_organisation(environment: JobEnvironment, /, *, organisation_id: str, **_rest: str) -> None:
    """Index every case that the loaded model has not read, then use what it made. Begun again, it goes on."""
    slot, factory = environment.get(ModelSlot), environment.session_factory
    after: UUID | None = None
    while slot.embedder is not None:
        async with organisation_session(factory, UUID(organisation_id)) as session:
            case_ids = await list_unindexed(session, slot.embedder.model_id, after=after, limit=PAGE)
        for case_id in case_ids:
            await refresh_case(factory, slot, UUID(organisation_id), case_id)
        if len(case_ids) < PAGE:
            await use_generation(factory, UUID(organisation_id), slot.embedder.model_id)
            break
        after = case_ids[-1]


async def use_generation(factory: SessionFactory, organisation_id: UUID, model: str) -> None:
    """Compare with the vectors of this model from now on, and drop the others, unless a case still lacks them."""
    async with organisation_session(factory, organisation_id) as session:
        if await list_unindexed(session, model, after=None, limit=1):
            return
        await session.execute(delete(Generation).where(Generation.model != model))
        await session.execute(update(Generation).values(in_use=True))


async def list_unindexed(session: AsyncSession, model: str, *, after: UUID | None, limit: int) -> list[UUID]:
    """Cases with a passage or a story that the model has not read, or with none at all."""
    generation_id = select(Generation.id).where(Generation.model == model).scalar_subquery()
    is_read = exists().where(PassageVector.generation_id == generation_id, PassageVector.passage_id == Passage.id)
    is_told = exists().where(StoryVector.generation_id == generation_id, StoryVector.case_id == Case.id)
    query = (
        select(Case.id)
        .where(Case.state.in_(INDEXED_STATES), or_(~is_told, exists().where(Passage.case_id == Case.id, ~is_read)))
        .order_by(Case.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Case.id > after)
    return list(await session.scalars(query))


async def announce_model(factory: SessionFactory, slot: ModelSlot) -> None:
    """Once the model is loaded, let every organisation that lacks its vectors be indexed, behind all other work."""
    if slot.embedder is None:
        return
    model = slot.embedder.model_id
    async with factory() as session:
        organisation_ids = (await session.scalars(select(Organisation.id).order_by(Organisation.id))).all()
    for organisation_id in organisation_ids:
        async with organisation_session(factory, organisation_id) as session:
            if await list_unindexed(session, model, after=None, limit=1):
                await publish(session, "model.changed", queue=BULK, organisation_id=str(organisation_id))
                log.info("reindexing", organisation=str(organisation_id), model=model)


async def load_model(factory: SessionFactory, slot: ModelSlot) -> None:
    """Load the model of this process, then see to it that all passages have its vectors."""
    await slot.load()
    await announce_model(factory, slot)
