"""The language model of the process, and the matches somebody was shown, as dependencies."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from app.accounts.deps import CurrentViewer
from app.core.db import Session
from app.core.errors import NotFound
from app.embeddings.slot import ModelSlot
from app.similar.shown import Shown, find_asking, find_shown


def get_slot(request: Request) -> ModelSlot:
    slot: ModelSlot = request.app.state.model_slot
    return slot


Slot = Annotated[ModelSlot, Depends(get_slot)]


async def get_shown(match_id: UUID, session: Session, viewer: CurrentViewer) -> Shown:
    shown = await find_shown(session, viewer, match_id)
    if shown is None:
        raise NotFound
    return shown


ShownMatch = Annotated[Shown, Depends(get_shown)]
"""A case or a practice that the viewer may be shown as a match, by its id; 404 for any other."""


async def get_asking(
    session: Session, viewer: CurrentViewer, case: Annotated[UUID | None, Query()] = None
) -> UUID | None:
    return await find_asking(session, viewer, case)


AskingCase = Annotated[UUID | None, Depends(get_asking)]
"""The case in the address that a page shows matches for. None for a search, and for what the viewer may not see."""
