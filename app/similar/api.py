"""Similar cases for programs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer, create_api_router
from app.accounts.viewer import Viewer
from app.cases.codes import find_code
from app.cases.deals.deps import KnownDeal
from app.cases.deps import ReadableCase
from app.cases.models import CodeKind
from app.cases.queries import find_open_case
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.similar.alike import find_alike
from app.similar.deps import Slot
from app.similar.earlier import api as earlier
from app.similar.feedback import api as feedback
from app.similar.saved import api as saved
from app.similar.schemas import (
    FacetRead,
    PoolLimit,
    SearchList,
    SearchNote,
    SearchParameters,
    SimilarCase,
    SimilarList,
    SimilarRequest,
    SuggestedObstacle,
    SuggestingList,
)
from app.similar.searching import search
from app.similar.service import DEFAULT_LIMIT, SimilarCases, find_similar
from app.similar.shown import NOTHING_BESIDE, list_beside
from app.similar.solvers import api as solvers
from app.similar.unanswered import note_unanswered
from app.similar.worked import api as worked

finding = create_api_router("similar cases", write="cases:read")


async def _answer(
    request: Request, session: AsyncSession, viewer: Viewer, found: SimilarCases, asking: UUID | None = None
) -> SimilarList:
    beside = await list_beside(session, viewer, found.matches, asking)
    learn, join = (
        [
            SimilarCase.from_match(
                match, match.link(request.app.url_path_for), beside.get(match.case_id, NOTHING_BESIDE).said
            )
            for match in pool
        ]
        for pool in (found.learn, found.join)
    )
    return SimilarList(mode=found.mode, learn=learn, join=join, nothing_close=found.nothing_close)


@finding.post("/similar-cases", operation_id="find_similar_cases", summary="Cases and practices similar to a text")
async def find_similar_cases(
    request: Request, body: SimilarRequest, session: Session, viewer: CurrentViewer, slot: Slot
) -> SuggestingList:
    """Reads only: it needs the scope `cases:read`, and no `Idempotency-Key`."""
    found = await find_similar(session, viewer, body.text, slot=slot, limit=body.limit)
    code = found.suggestion and await find_code(session, CodeKind.OBSTACLE, found.suggestion.obstacle)
    suggested = (
        [SuggestedObstacle(key=code.key, name=code.name, definition=code.definition, band=found.suggestion.sureness)]
        if code and found.suggestion
        else []
    )
    return SuggestingList(**dict(await _answer(request, session, viewer, found)), suggested_obstacles=suggested)


@finding.get("/search", operation_id="search_cases", summary="Cases and practices that fit a query with operators")
async def search_cases(
    request: Request,
    query: Annotated[SearchParameters, Query()],
    session: Session,
    viewer: CurrentViewer,
    slot: Slot,
    now: Now,
) -> SearchList:
    """Operators narrow what is compared by meaning and words. Alone they list what they leave, last moved first."""
    result = await search(session, viewer, query.q, slot=slot, limit=query.limit)
    await note_unanswered(session, viewer, result, now)
    found = result.found or SimilarCases(slot.mode or "keywords", [], [])
    notes = [SearchNote.from_token(token) for token in result.read.notes]
    facets = [
        FacetRead(operator=operator, value=value, count=count)
        for operator, counter in found.facets.items()
        for value, count in counter.most_common()
    ]
    answer = await _answer(request, session, viewer, found)
    return SearchList(**dict(answer), text=result.read.text, notes=notes, facets=facets)


@finding.get(
    "/cases/{case_id}/similar-cases",
    operation_id="list_similar_cases",
    summary="Cases and practices similar to a case",
    responses=document_errors(404),
)
async def list_similar_cases(
    request: Request,
    case: ReadableCase,
    session: Session,
    viewer: CurrentViewer,
    slot: Slot,
    limit: Annotated[PoolLimit, Query()] = DEFAULT_LIMIT,
) -> SimilarList:
    found = await find_alike(session, viewer, case, slot=slot, limit=limit)
    return await _answer(request, session, viewer, found, case.id)


@finding.get(
    "/deals/{source}/{external_id}/similar-cases",
    operation_id="list_similar_cases_of_deal",
    summary="Cases and practices similar to a deal",
    responses=document_errors(404),
)
async def list_similar_cases_of_deal(
    request: Request,
    deal: KnownDeal,
    session: Session,
    viewer: CurrentViewer,
    slot: Slot,
    limit: Annotated[PoolLimit, Query()] = DEFAULT_LIMIT,
) -> SimilarList:
    """Those similar to the deal's open case; while it has none, to what the CRM calls the deal."""
    case = await find_open_case(session, deal.id, viewer)
    if case is not None:
        return await list_similar_cases(request, case, session, viewer, slot, limit)
    found = await find_similar(session, viewer, deal.title, slot=slot, limit=limit)
    return await _answer(request, session, viewer, found)


router = APIRouter()
for part in (finding, worked.router, earlier.router, feedback.router, solvers.router, saved.router):
    router.include_router(part)
