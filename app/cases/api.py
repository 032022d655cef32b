"""The JSON API of cases. Each noun has its own module; this one gathers their routes."""

from fastapi import APIRouter

from app.accounts.deps import create_api_router
from app.cases.attachments import api as attachments
from app.cases.codes import list_codes
from app.cases.deals import api as deals
from app.cases.detail import api as detail
from app.cases.drafts import api as drafts
from app.cases.hats import api as hats
from app.cases.lists import api as lists
from app.cases.models import CodeKind
from app.cases.moves import api as moves
from app.cases.outcomes import api as outcomes
from app.cases.plans import api as plans
from app.cases.questions import api as questions
from app.cases.schemas import CodeList, CodeRead
from app.core.db import Session

codes = create_api_router("codes")


@codes.get("/codes", operation_id="list_codes", summary="The closed lists of the organisation")
async def list_all_codes(session: Session, kind: CodeKind | None = None) -> CodeList:
    """Every code, or those of one kind, in the order they are offered. Retired ones are marked."""
    return CodeList(items=[CodeRead.from_code(code) for code in await list_codes(session, kind, retired=True)])


router = APIRouter()
for part in (lists, drafts, deals, detail, attachments, moves, questions, hats, plans, outcomes):
    router.include_router(part.router)
router.include_router(codes)
