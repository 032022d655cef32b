"""New cases from programs."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.deps import CurrentViewer, create_api_router
from app.accounts.models import User
from app.accounts.viewer import Viewer
from app.cases.answers import answer_case
from app.cases.drafts import service
from app.cases.schemas import CaseInput, CaseRead
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.openapi import CREATED

router = create_api_router("cases")


@router.post(
    "/cases",
    operation_id="create_case",
    summary="Write a draft",
    status_code=201,
    responses=CREATED | document_errors(409),
)
async def create_case(
    request: Request, body: CaseInput, session: Session, viewer: CurrentViewer, now: Now, response: Response
) -> CaseRead:
    """A draft, which only its owner and its author see until it is posted. Any field may be left for later.

    A program that acts for nobody names the `owner`. A deal is known by `deal.source` and `deal.external_id`: when
    there is such a deal already, the case joins it.
    """
    owner = await find_owner(session, viewer, body.owner)
    case = await service.create_draft(session, viewer, owner, now)
    case = await service.change_case(session, case, body.list_changes(), viewer, now)
    response.headers["Location"] = str(request.app.url_path_for("get_case", case_id=str(case.id)))
    return await answer_case(request, session, case, response)


async def find_owner(session: AsyncSession, viewer: Viewer, owner: str | None) -> User:
    """The active user meant by an id or an e-mail, or the viewer; Invalid when there is none."""
    if owner is None and viewer.user_id is None:
        raise Invalid.at("owner", _("Name the owner of the case: the id or the e-mail of a user."))
    try:
        user = await accounts.find_active_user(session, UUID(owner) if owner else viewer.person_id)
    except ValueError:
        user = await accounts.find_user_by_email(session, owner or "")
    if user is None:
        raise Invalid.at("owner", _("There is no such user here."))
    return user
