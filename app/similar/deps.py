"""The language model of the process, as a dependency."""

from typing import Annotated

from fastapi import Depends, Request

from app.embeddings.slot import ModelSlot


def get_slot(request: Request) -> ModelSlot:
    slot: ModelSlot = request.app.state.model_slot
    return slot


Slot = Annotated[ModelSlot, Depends(get_slot)]
