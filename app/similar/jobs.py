"""Jobs that keep the passages fresh."""

from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.jobs import organisation_sessions
from app.core.db import SessionFactory
from app.core.jobs import BULK, JobEnvironment, publish
from app.core.tenancy import organisation_session
from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.slot import ModelSlot
from app.embeddings.vectors import Vector
from app.similar.generations import (
    announce_replaced,
    choose_models,
    delete_replaced,
    hold_generations,
    list_organisations,
    list_replaced,
    list_unindexed,
    switch_generation,
)
from app.similar.indexing import (
    Read,
    delete_old_stories,
    list_wanted,
    read_anew,
    read_vectors,
    write_passages,
    write_vectors,
)
from app.similar.models import Generation
from app.similar.unanswered import forget_unanswered

log = structlog.get_logger("similar")

PAGE = 200
DELETED_AT_ONCE = 2_000
ROUNDS = 5
"""While cases are read others change, which a worker with another model may see to."""


class BuildUnfinished(RuntimeError):
    """Cases that the model had not read came up faster than it read them."""


async def forget_old_searches(environment: JobEnvironment, /, **_rest: object) -> None:
    """In every organisation, forget what was searched for in vain long ago."""
    async for session in organisation_sessions(environment):
        await forget_unanswered(session, datetime.now(UTC))


async def index_case(environment: JobEnvironment, /, *, organisation_id: str, case_id: str, **_rest: str) -> None:
    """Make the passages of one case follow its text. Only new text is encoded, outside any transaction."""
    await refresh_case(environment.session_factory, environment.get(ModelSlot), UUID(organisation_id), UUID(case_id))


async def refresh_case(factory: SessionFactory, slot: ModelSlot, organisation_id: UUID, case_id: UUID) -> int:
    """How many passages were written. When two run at once, the text as it is last wins.

    Beside the model of the process the previous one reads it, too, while its vectors are in use.
    """
    embedders = slot.embedders
    vectors: dict[str, dict[Read, Vector]] = {}
    if embedders:
        async with organisation_session(factory, organisation_id) as session:
            wanted = await list_wanted(session, case_id)
            chosen = await choose_embedders(session, slot)
            known = [await read_vectors(session, case_id, embedder.model_id) for embedder in chosen]
        for embedder, read in zip(chosen, known, strict=True):
            vectors[embedder.model_id] = await read_anew(embedder, wanted, read)
    async with organisation_session(factory, organisation_id) as session:
        wanted = await list_wanted(session, case_id, lock=True)
        await hold_generations(session)
        known_now = {model: await read_vectors(session, case_id, model) for model in vectors}
        written = await write_passages(session, organisation_id, case_id, wanted)
        await delete_old_stories(session, case_id, wanted)
        for model, read in vectors.items():
            await write_vectors(session, organisation_id, case_id, wanted, model, read | known_now[model])
    if not embedders and slot.embedders:
        # The model came meanwhile, and whoever looked for cases without vectors may have looked before this one.
        return await refresh_case(factory, slot, organisation_id, case_id)
    return written


async def choose_embedders(session: AsyncSession, slot: ModelSlot) -> list[BatchingEmbedder]:
    """Those whose vectors the organisation needs."""
    newest = slot.embedder.model_id if slot.embedder else None
    models = await choose_models(session, [embedder.model_id for embedder in slot.embedders], newest)
    return [embedder for model in models if (embedder := slot.find(model)) is not None]


async def index_organisation(environment: JobEnvironment, /, *, organisation_id: str, **_rest: str) -> None:
    """Index every case that lacks a vector, then put those of the newest model in use.

    Begun again, it goes on where it was. Until the switch searches go by the vectors in use.
    """
    slot, factory, organisation = environment.get(ModelSlot), environment.session_factory, UUID(organisation_id)
    async with organisation_session(factory, organisation) as session:
        models = [embedder.model_id for embedder in await choose_embedders(session, slot)]
    for model in models:
        await index_unread(factory, slot, organisation, model)
    for _ in range(ROUNDS):
        if slot.embedder is None:
            return
        async with organisation_session(factory, organisation) as session:
            if await switch_generation(session, organisation, slot.embedder.model_id):
                return
        await index_unread(factory, slot, organisation, slot.embedder.model_id)
    raise BuildUnfinished(organisation_id)


async def index_unread(factory: SessionFactory, slot: ModelSlot, organisation_id: UUID, model: str) -> None:
    """Index every case that this model, as long as it is loaded, has not read."""
    after: UUID | None = None
    while slot.find(model) is not None:
        async with organisation_session(factory, organisation_id) as session:
            case_ids = await list_unindexed(session, model, after=after, limit=PAGE)
        for case_id in case_ids:
            await refresh_case(factory, slot, organisation_id, case_id)
        if len(case_ids) < PAGE:
            break
        after = case_ids[-1]


async def delete_replaced_vectors(environment: JobEnvironment, /, *, organisation_id: str, **_rest: str) -> None:
    """Delete, in small transactions, vectors that are neither in use nor being built."""
    slot = environment.get(ModelSlot)
    while slot.embedder is not None:
        async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
            if not await delete_replaced(session, slot.embedder.model_id, limit=DELETED_AT_ONCE):
                break


async def announce_model(factory: SessionFactory, slot: ModelSlot) -> None:
    """Once the model is loaded, let every organisation that lacks its vectors be indexed, behind all other work."""
    for organisation_id in await list_organisations(factory) if slot.embedders else []:
        async with organisation_session(factory, organisation_id) as session:
            if await lacks_vectors(session, slot):
                await publish(
                    session,
                    "model.changed",
                    queue=BULK,
                    lock=f"model.changed {organisation_id}",
                    organisation_id=str(organisation_id),
                )
                log.info("reindexing", organisation=str(organisation_id))
            if slot.embedder is not None and await list_replaced(session, slot.embedder.model_id):
                await announce_replaced(session, organisation_id)


async def lacks_vectors(session: AsyncSession, slot: ModelSlot) -> bool:
    """Whether a case is to be read, or the vectors of the newest model to be put in use."""
    for embedder in await choose_embedders(session, slot):
        if await list_unindexed(session, embedder.model_id, after=None, limit=1):
            return True
    in_use = await session.scalar(select(Generation.model).where(Generation.in_use))
    return slot.embedder is not None and in_use not in (None, slot.embedder.model_id)


async def find_models_in_use(factory: SessionFactory) -> Collection[str]:
    """The models whose vectors an organisation's searches go by."""
    models = set()
    for organisation_id in await list_organisations(factory):
        async with organisation_session(factory, organisation_id) as session:
            models |= set(await session.scalars(select(Generation.model).where(Generation.in_use)))
    return models


async def load_model(factory: SessionFactory, slot: ModelSlot) -> None:
    """Load the models of this process, then see to it that all passages have their vectors."""
    await slot.load(partial(find_models_in_use, factory))
    await announce_model(factory, slot)
