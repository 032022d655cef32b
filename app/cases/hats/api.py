"""Hats for programs; each needs a person, so a key acts as one."""

from datetime import datetime
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer, create_api_router
from app.accounts.viewer import Viewer
from app.cases.answers import answer_case
from app.cases.deps import LockedCase, ManagedCase, ReadableCase
from app.cases.hats import queries, service
from app.cases.hats.deps import AskedHat
from app.cases.hats.schemas import HandOverInput, HatInput, HatList, HatRead
from app.cases.models import Case
from app.cases.queries import reload_case
from app.cases.schemas import CaseRead
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.errors import NotFound
from app.core.versions import IfMatch, refuse_stale

router = create_api_router("hats")


@router.get("/cases/{case_id}/hats", operation_id="list_hats", summary="Who wears what", responses=document_errors(404))
async def list_hats(case: ReadableCase, session: Session) -> HatList:
    """Everybody who was asked, besides the owner, whom the case names."""
    return HatList(items=[HatRead.from_hat(hat) for hat in await queries.list_hats(session, case)])


@router.post(
    "/cases/{case_id}/hats",
    operation_id="ask_for_hat",
    summary="Ask somebody to wear a hat",
    status_code=201,
    responses=document_errors(404, 409),
)
async def ask_for_hat(case: LockedCase, body: HatInput, session: Session, viewer: CurrentViewer, now: Now) -> HatRead:
    """The owner and the team's manager ask anybody; others can offer themselves."""
    hat_id = await service.ask_for_hat(session, case, body.kind, body.user_id, viewer, now)
    return await read_hat(session, case, hat_id)


@router.post(
    "/cases/{case_id}/hats/{hat_id}/accept",
    operation_id="accept_hat",
    summary="Accept a hat",
    responses=document_errors(404, 409),
)
async def accept_hat(asked: AskedHat, session: Session, viewer: CurrentViewer, now: Now) -> HatRead:
    """Who was asked may; an offer is accepted by who hands out hats. `owner` takes the case over."""
    return await answer_hat(session, asked, viewer, now, accept=True)


@router.post(
    "/cases/{case_id}/hats/{hat_id}/decline",
    operation_id="decline_hat",
    summary="Decline a hat",
    responses=document_errors(404, 409),
)
async def decline_hat(asked: AskedHat, session: Session, viewer: CurrentViewer, now: Now) -> HatRead:
    """Who was asked may; an offer is declined by who hands out hats."""
    return await answer_hat(session, asked, viewer, now, accept=False)


@router.delete(
    "/cases/{case_id}/hats/{hat_id}",
    operation_id="remove_hat",
    summary="Take a hat off",
    status_code=204,
    responses=document_errors(404, 412, 428),
)
async def remove_hat(
    case: LockedCase, hat_id: UUID, version: IfMatch, session: Session, viewer: CurrentViewer, now: Now
) -> None:
    """The owner may, and who wears the hat or was asked to; once that person has left, the team's manager, too.
    The version is that of the case.
    """
    hat = await queries.find_hat(session, case, hat_id)
    if hat is None:
        raise NotFound
    refuse_stale(case.version, version)
    await service.remove_hat(session, case, hat, viewer, now)


@router.post(
    "/cases/{case_id}/hand-over",
    operation_id="hand_over_case",
    summary="Give a case another owner",
    responses=document_errors(404, 409),
)
async def hand_over(
    request: Request,
    case: ManagedCase,
    body: HandOverInput,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> CaseRead:
    """The manager of the case's team may. Who wrote the case stays its author."""
    await service.hand_over(session, case, body.owner, viewer, now, field="owner")
    return await answer_case(request, session, await reload_case(session, case.id), response)


async def answer_hat(session: AsyncSession, asked: AskedHat, viewer: Viewer, now: datetime, *, accept: bool) -> HatRead:
    case, hat = asked
    await service.answer_hat(session, case, hat, viewer, now, accept=accept)
    return HatRead.from_hat(hat)


async def read_hat(session: AsyncSession, case: Case, hat_id: UUID) -> HatRead:
    hat = await queries.find_hat(session, case, hat_id)
    if hat is None:
        raise NotFound
    return HatRead.from_hat(hat)
