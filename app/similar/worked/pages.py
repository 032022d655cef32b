"""What worked in cases like one: a page, and the part of it that the case and the plan form fetch."""

from fastapi import Request, Response

from app.accounts.deps import CurrentUser, create_page_router
from app.cases.deps import ReadableCase
from app.cases.plans.queries import list_letters
from app.cases.plans.schemas import MAX_PLANS
from app.cases.workflow import OPEN_STATES
from app.core.db import Session
from app.core.templating import render, wants_block
from app.similar.deps import Slot
from app.similar.worked import service
from app.similar.worked.view import view_what_worked

router = create_page_router()


@router.get("/cases/{case_id}/what-worked")
async def what_worked(
    request: Request, case: ReadableCase, session: Session, viewer: CurrentUser, slot: Slot
) -> Response:
    worked = await service.list_what_worked(session, viewer, case, slot=slot)
    may_plan = case.state in OPEN_STATES and len(await list_letters(session, case)) < MAX_PLANS
    context = view_what_worked(request, case, worked, slot, may_plan=may_plan)
    return render(request, "similar/worked.html", context, block="moves" if wants_block(request) else None)
