"""Deals for the CRM that they live in: kept in step by the CRM's own key, and made into cases."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Body, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.deps import CurrentViewer, create_api_router
from app.accounts.models import User
from app.accounts.viewer import Viewer
from app.cases import queries
from app.cases.answers import answer_case
from app.cases.deals import service
from app.cases.deals.deps import KnownDeal, LockedDeal, may_change, refuse_change
from app.cases.deals.schemas import CrmDealInput, CrmDealRead, DealCaseInput, ExternalId, Source
from app.cases.drafts.api import find_owner
from app.cases.schemas import CaseRead
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.errors import NotFound, Stale
from app.core.i18n import gettext as _
from app.core.openapi import may_create
from app.core.versions import IF_MATCH, format_etag, parse_etag, refuse_stale
from app.deals.models import Deal
from app.deals.queries import take_deal

PATH = "/deals/{source}/{external_id}"

syncing = create_api_router("deals", read="deals:write", write="deals:write")
starting = create_api_router("deals")

OptionalIfMatch = Annotated[
    str | None, Header(alias=IF_MATCH, max_length=40, description="Only if nobody saved since you read this ETag.")
]


@syncing.put(
    PATH,
    operation_id="save_deal",
    summary="Let a deal say what the CRM says",
    responses=may_create(CrmDealRead) | document_errors(404, 412),
)
async def save_deal(
    source: Source,
    external_id: ExternalId,
    body: CrmDealInput,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
    request: Request,
    if_match: OptionalIfMatch = None,
) -> CrmDealRead:
    """By the CRM's own key: 201 for a new deal, 200 for a known one; sent twice, it happens once.

    What is left out stays. The answer is the deal as it stands: what the CRM said before, when it had said something
    later already. A case of the deal that shows what changed gets a new version.
    """
    deal, is_new = await take_deal(session, viewer.organisation_id, source, external_id)
    if not is_new:
        await refuse_change(session, deal, viewer)
    if if_match is not None:
        if is_new:
            raise Stale(_("There is no such deal yet: send it without If-Match."))
        refuse_stale(deal.version, parse_etag(if_match))
    facts = body.list_facts()
    if body.owner is not None or (is_new and viewer.user_id):
        facts["owner_id"] = (await find_owner(session, viewer, body.owner)).id
    await service.save_deal(session, deal, facts, viewer, now, is_new=is_new)
    if is_new:
        response.status_code = 201
        response.headers["Location"] = quote(request.scope["path"])
    return await _answer(session, deal, viewer, response)


@syncing.get(PATH, operation_id="read_deal", summary="A deal by the CRM's own key", responses=document_errors(404))
async def read_deal(deal: KnownDeal, session: Session, viewer: CurrentViewer, response: Response) -> CrmDealRead:
    return await _answer(session, deal, viewer, response)


@starting.get(
    f"{PATH}/case", operation_id="find_case_of_deal", summary="The open case of a deal", responses=document_errors(404)
)
async def find_case_of_deal(
    request: Request, deal: KnownDeal, session: Session, viewer: CurrentViewer, response: Response
) -> CaseRead:
    """The one that was last moved, a draft too, of those the viewer may see. 404 when the deal is not stuck."""
    case = await queries.find_open_case(session, deal.id, viewer)
    if case is None:
        raise NotFound(_("This deal has no open case that you may see."))
    return await answer_case(request, session, case, response)


@starting.post(
    f"{PATH}/case",
    operation_id="start_case_of_deal",
    summary="The open case of a deal, or a new draft",
    responses=may_create(CaseRead) | document_errors(404, 409),
)
async def start_case_of_deal(
    request: Request,
    deal: LockedDeal,
    body: Annotated[DealCaseInput, Body()],
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    response: Response,
) -> CaseRead:
    """200 with the open case as it stands, if the viewer may see one; else 201 with a draft of what is told and known.

    Nothing is posted: a draft waits for its owner, who sees it among the owner's cases.
    """
    case = await queries.find_open_case(session, deal.id, viewer)
    if case is None:
        owner = await _find_owner(session, deal, viewer, body.owner)
        case = await service.start_case(session, deal, owner, body.list_changes(), viewer, now)
        response.status_code = 201
        response.headers["Location"] = str(request.app.url_path_for("get_case", case_id=str(case.id)))
    return await answer_case(request, session, case, response)


async def _find_owner(session: AsyncSession, deal: Deal, viewer: Viewer, named: str | None) -> User:
    """Who is named; else the user who asks or, for a program, whose deal it is."""
    if named is None and viewer.user_id is None and deal.owner_id:
        owner = await accounts.find_active_user(session, deal.owner_id)
        if owner is not None:
            return owner
    return await find_owner(session, viewer, named)


async def _answer(session: AsyncSession, deal: Deal, viewer: Viewer, response: Response) -> CrmDealRead:
    """The deal with its ETag. Whose it is, those learn who may change it; of a stand-in it is nobody's."""
    response.headers["ETag"] = format_etag(deal.version)
    shown = deal.owner_id if may_change(deal, viewer) else None
    owner = await accounts.find_active_user(session, shown) if shown else None
    return CrmDealRead.from_deal(deal, owner)


router = APIRouter()
router.include_router(syncing)
router.include_router(starting)
