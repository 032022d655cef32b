"""Lists of cases for programs."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.answers import address_case
from app.cases.awaited import Awaited
from app.cases.codes import list_codes
from app.cases.lists import queries
from app.cases.lists.queries import CaseFilter, Whose
from app.cases.models import CodeKind
from app.cases.schemas import CaseList, Key, read_summary
from app.cases.workflow import State
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam, Limit

router = create_api_router("cases")


@router.get("/cases", operation_id="list_cases", summary="Cases, filtered, page by page")
async def list_all_cases(
    request: Request,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
    whose: Annotated[Whose, Query(description="Those of the user, of the user's teams, or all that may be seen.")] = (
        Whose.ALL
    ),
    state: Annotated[list[State] | None, Query(max_length=7, description="One or several.")] = None,
    obstacle: Annotated[Key | None, Query(description="Key of an obstacle code.")] = None,
    owner_id: UUID | None = None,
    team_id: UUID | None = None,
    awaits: Awaited | None = None,
    unmoved_days: Annotated[
        int | None, Query(ge=1, le=3650, description="Open, and not moved for so many days.")
    ] = None,
    updated_since: Annotated[
        AwareDatetime | None, Query(description="Changed at or after this time; the list is then oldest change first.")
    ] = None,
    limit: Limit = PAGE_SIZE,
    cursor: CursorParam = None,
) -> CaseList:
    """What the viewer may see, the last moved first."""
    await refuse_unknown_obstacle(session, obstacle)
    wanted = CaseFilter(
        whose=whose,
        states=frozenset(state or ()),
        obstacle=obstacle,
        owner_id=owner_id,
        team_id=team_id,
        awaits=awaits,
        unmoved_since=now - timedelta(days=unmoved_days) if unmoved_days else None,
        updated_since=updated_since,
    )
    page = await queries.list_cases(session, viewer, wanted, Cursor.decode(cursor), limit)
    items = [read_summary(case, awaits=awaits, url=address_case(request, case)) for case, awaits in page.items]
    return CaseList(items=items, next_cursor=page.next_cursor)


async def refuse_unknown_obstacle(session: AsyncSession, key: str | None) -> None:
    """A misspelt key is told, and does not look like an empty list. Retired codes are still found by."""
    known = await list_codes(session, CodeKind.OBSTACLE, retired=True) if key else ()
    if key and key not in {code.key for code in known}:
        raise Invalid.at("obstacle", _("Choose one of the options."))
