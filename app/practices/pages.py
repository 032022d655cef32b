"""Pages of practices: the list, one of them, how far to trust it, and using it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Conflict, Invalid, NotFound
from app.core.forms import Form, read_form
from app.core.i18n import LANGUAGE_NAMES
from app.core.i18n import gettext as _
from app.core.pagination import Cursor
from app.core.templating import flash, link_next, redirect, render
from app.practices import queries, service, sharing_pages
from app.practices.deps import LockedPractice, ReadablePractice
from app.practices.models import Trust, UseResult
from app.practices.queries import NEVER_USED, CodeName, PracticeRow
from app.practices.schemas import PracticeQuery, TrustForm, UseForm

PREFILL_LIMIT = 1500
"""Characters of a text that travel in an address."""

Choices = dict[str, list[tuple[str, str]]]

pages = create_page_router()


async def list_choices(session: AsyncSession, codes: Iterable[CodeName]) -> Choices:
    """What lists can be filtered by: (value, label) by filter."""
    options: Choices = {"obstacle": [], "outcome": [], "stage": [], "industry": []}
    for code in codes:
        options.setdefault(code.kind.value, []).append((code.key, code.name))
    options["team"] = [(str(team.id), team.name) for team in await accounts.list_teams(session)]
    options["language"] = list(LANGUAGE_NAMES.items())
    return options


@pages.get("/practices")
async def list_practices(
    request: Request, query: Annotated[PracticeQuery, Query()], session: Session, viewer: CurrentUser
) -> Response:
    filters = query.list_filters()
    codes = await queries.list_code_names(session)
    page = await queries.list_practices(
        session, viewer, codes, cursor=Cursor.decode(query.cursor), limit=query.limit, **filters
    )
    context = {
        "rows": page.items,
        "counts": await queries.count_uses(session, [row.practice.id for row in page.items]),
        "never_used": NEVER_USED,
        "filters": filters,
        "choices": await list_choices(session, codes.values()),
        "trusts": list(Trust),
        "next_url": link_next(request, page.next_cursor),
    }
    return render(request, "practices/list.html", context)


async def _show(
    request: Request,
    session: AsyncSession,
    row: PracticeRow,
    viewer: Viewer,
    *,
    form: Form[Any] | None = None,
    status_code: int = 200,
) -> Response:
    practice = row.practice
    counts = await queries.count_uses(session, [practice.id])
    own_use = await queries.find_use(session, practice.id, viewer.person_id)
    context: Mapping[str, Any] = {
        "practice": practice,
        "case": practice.case,
        "readable": row.readable,
        "counts": counts.get(practice.id, NEVER_USED),
        "uses": await queries.list_uses(session, practice.id),
        "own_use": own_use if own_use and own_use.result else None,
        "results": list(UseResult),
        "is_solver": practice.solver_id == viewer.user_id,
        "manages": viewer.leads(practice.team_id),
        "may_edit": service.may_edit(practice, viewer),
        "values": form.values if form else {},
        "errors": form.errors if form else {},
    }
    return render(request, "practices/detail.html", context, status_code=status_code)


@pages.get("/practices/{practice_id}")
async def practice_detail(request: Request, row: ReadablePractice, session: Session, viewer: CurrentUser) -> Response:
    return await _show(request, session, row, viewer)


@pages.post("/practices/{practice_id}/uses")
async def use_practice(
    request: Request, row: LockedPractice, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """Keep how it went for the reader."""
    form = await read_form(request, UseForm)
    if form.data is not None:
        try:
            await service.record_use(
                session, row.practice, form.data.result, viewer.person_id, now, note=form.data.note
            )
        except Conflict as refusal:
            form.fail("form", refusal.message)
    if form.data is None:
        return await _show(request, session, row, viewer, form=form, status_code=422)
    response = redirect(request, "practice_detail", practice_id=row.practice.id)
    return flash(response, _("Thank you. It stands here for the next one."))


@pages.post("/practices/{practice_id}/trust")
async def set_trust(request: Request, row: LockedPractice, session: Session, viewer: CurrentUser, now: Now) -> Response:
    """Validate, retire or flag."""
    form = await read_form(request, TrustForm)
    if form.data is not None:
        try:
            await service.set_trust(session, row.practice, form.data.trust, form.data.note, viewer, now)
        except (Conflict, Invalid) as refusal:
            for name, message in (refusal.fields or {"form": refusal.message}).items():
                form.fail(f"trust_{name}" if name == "note" else name, message)
    if form.data is None:
        return await _show(request, session, row, viewer, form=form, status_code=422)
    return redirect(request, "practice_detail", practice_id=row.practice.id)


@pages.get("/practices/{practice_id}/start")
async def start_from_practice(
    request: Request, row: ReadablePractice, session: Session, viewer: CurrentUser, case: UUID | None = None
) -> Response:
    """A new plan that starts from the practice: at once with one open case, after a choice with several."""
    cases = await queries.list_open_cases(session, viewer)
    if case is None and len(cases) != 1:
        return render(request, "practices/start.html", {"practice": row.practice, "cases": cases})
    chosen = next((open_case for open_case in cases if case in {None, open_case.id}), None)
    if chosen is None:
        raise NotFound
    practice = row.practice
    response = redirect(request, "new_plan", case_id=chosen.id)
    response.headers["Location"] = address_plan(
        request, chosen.id, practice.id, practice.what_to_do, practice.what_to_say
    )
    return response


def address_plan(request: Request, case_id: UUID, practice_id: UUID, move: str, positioning: str) -> str:
    """Where a plan for the case starts from the practice."""
    prefill = {
        "practice": practice_id,
        "move": move[:PREFILL_LIMIT],
        "positioning": positioning[:PREFILL_LIMIT],
    }
    url = request.url_for("new_plan", case_id=case_id).include_query_params(**prefill)
    return f"{url.path}?{url.query}"


router = APIRouter()
router.include_router(sharing_pages.router)
router.include_router(pages)
