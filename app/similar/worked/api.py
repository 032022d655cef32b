"""What worked in similar cases, for programs."""

from typing import Annotated

from fastapi import Query, Request

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.deps import ReadableCase
from app.core.db import Session
from app.core.error_pages import document_errors
from app.similar.deps import Slot
from app.similar.schemas import PoolLimit
from app.similar.service import DEFAULT_LIMIT
from app.similar.worked import service
from app.similar.worked.schemas import TriedMoveRead, WhatWorkedList
from app.similar.worked.view import address_source

router = create_api_router("similar cases")


@router.get(
    "/cases/{case_id}/what-worked",
    operation_id="list_what_worked",
    summary="Moves that were tried in similar cases",
    responses=document_errors(404),
)
async def list_what_worked(
    request: Request,
    case: ReadableCase,
    session: Session,
    viewer: CurrentViewer,
    slot: Slot,
    limit: Annotated[PoolLimit, Query(description="In how many similar cases at the most.")] = DEFAULT_LIMIT,
) -> WhatWorkedList:
    """Also those that failed. Cases that the caller may not see are neither shown nor counted."""
    worked = await service.list_what_worked(session, viewer, case, slot=slot, limit=limit)
    items = [TriedMoveRead.from_move(move, address_source(request, move)) for move in worked.moves]
    return WhatWorkedList(mode=worked.found.mode, items=items)
