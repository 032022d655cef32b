"""The JSON API of cases. Each noun has its own module; this one gathers their routes."""

from fastapi import APIRouter

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.codes import list_codes
from app.cases.models import CodeKind
from app.cases.schemas import CodeList, CodeRead
from app.core.db import Session

codes_router = create_api_router("codes")


@codes_router.get("/codes", operation_id="list_codes", summary="The closed lists of the organisation")
async def list_all_codes(session: Session, viewer: CurrentViewer, kind: CodeKind | None = None) -> CodeList:
    """Every code, or those of one kind, in the order they are offered. Retired ones are marked."""
    viewer.require_scope("cases:read")
    codes = await list_codes(session, kind, retired=True)
    return CodeList(items=[CodeRead.from_code(code) for code in codes])


router = APIRouter()
router.include_router(codes_router)
