"""The audit trail for programs: of a case for its readers, of everything for admins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from app.accounts.deps import create_admin_api_router, create_api_router
from app.audit import queries
from app.audit.queries import TrailFilter
from app.audit.schemas import AuditEventList
from app.cases.deps import ReadableCase
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam, Limit

ACTION = r"^[a-z_]+\.[a-z_]+$"

on_case = create_api_router("audit")
on_everything = create_admin_api_router("audit")


@on_case.get(
    "/cases/{case_id}/trail",
    operation_id="list_trail",
    summary="What was done on a case, the newest first",
    responses=document_errors(404),
)
async def list_trail(
    case: ReadableCase, session: Session, limit: Limit = PAGE_SIZE, cursor: CursorParam = None
) -> AuditEventList:
    """Who did what and when, from posting on."""
    return AuditEventList.from_page(await queries.list_case_trail(session, case, Cursor.decode(cursor), limit))


@on_everything.get(
    "/audit-events", operation_id="list_audit_events", summary="What was done in the organisation, the newest first"
)
async def list_audit_events(
    session: Session,
    who: Annotated[UUID | None, Query(description="A person, or a program's key.")] = None,
    action: Annotated[str | None, Query(pattern=ACTION, max_length=60, examples=["person.changed"])] = None,
    about: Annotated[UUID | None, Query(description="What it was done to, or the case that belongs to.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="At or after this time.")] = None,
    before: Annotated[AwareDatetime | None, Query(description="Before this time.")] = None,
    limit: Limit = PAGE_SIZE,
    cursor: CursorParam = None,
) -> AuditEventList:
    """For admins, and for programs with the scope `admin`. It tells what was done, not what stands in a case."""
    wanted = TrailFilter(who, action, about, since, before)
    return AuditEventList.from_page(await queries.search_trail(session, wanted, Cursor.decode(cursor), limit))


router = APIRouter()
router.include_router(on_case)
router.include_router(on_everything)
