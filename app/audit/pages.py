"""The audit trail: on a case for its readers, searched through by an admin."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.deps import AdminUser, CurrentUser, create_admin_router, create_page_router
from app.accounts.viewer import Viewer
from app.audit import queries
from app.audit.api import ACTION
from app.audit.queries import TrailFilter
from app.audit.view import show_trail
from app.audit.words import ACTIONS, name_action
from app.cases.deps import ReadableCase
from app.core.db import Session
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam
from app.core.templating import link_next, render

of_case = create_page_router()
of_everything = create_admin_router()


@of_case.get("/cases/{case_id}/trail")
async def case_trail(
    request: Request, case: ReadableCase, session: Session, viewer: CurrentUser, cursor: CursorParam = None
) -> Response:
    """Who did what on the case, and when."""
    page = await queries.list_case_trail(session, case, Cursor.decode(cursor), PAGE_SIZE)
    context = {
        "case": case,
        "lines": await show_trail(request, session, page.items, viewer),
        "next_url": link_next(request, page.next_cursor),
    }
    return render(request, "audit/case.html", context)


Action = Annotated[str, Query(pattern=f"{ACTION}|^$", max_length=60)]


@of_everything.get("/admin/audit")
async def search_audit(
    request: Request,
    session: Session,
    admin: AdminUser,
    who: UUID | Literal[""] = "",
    action: Action = "",
    about: UUID | Literal[""] = "",
    since: date | Literal[""] = "",
    until: date | Literal[""] = "",
    cursor: CursorParam = None,
) -> Response:
    """Who did what in the organisation, filtered by what stands in the address."""
    chosen = {"who": who, "action": action, "about": about, "since": since, "until": until}
    wanted = TrailFilter(
        who=who or None,
        action=action or None,
        about=about or None,
        since=_start(since, admin) if since else None,
        before=_start(until + timedelta(days=1), admin) if until and until < date.max else None,
    )
    page = await queries.search_trail(session, wanted, Cursor.decode(cursor), PAGE_SIZE)
    context = {
        "lines": await show_trail(request, session, page.items, admin),
        "next_url": link_next(request, page.next_cursor),
        "chosen": {name: str(value) for name, value in chosen.items()},
        "filtered": any(chosen.values()),
        "people": await _list_actors(session),
        "actions": sorted(((name, name_action(name)) for name in ACTIONS), key=lambda action: action[1]),
    }
    return render(request, "audit/search.html", context)


def _start(day: date, viewer: Viewer) -> datetime:
    """The first moment of a day where the viewer is."""
    return datetime.combine(day, time.min, ZoneInfo(viewer.timezone))


async def _list_actors(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Everybody who may have done something, those who have left too, and then the programs."""
    people = sorted((user.name, user.id) for user, _email, _joined in await accounts.list_people(session))
    programs = [(key.id, f"{key.name} …{key.hint}") for key in await accounts.list_keys(session)]
    return [(user_id, name) for name, user_id in people] + programs


router = APIRouter()
router.include_router(of_case)
router.include_router(of_everything)
