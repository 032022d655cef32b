"""Linked cases: the part of a case's page, the page on which one is chosen, and joining a case that is the same."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.answers import return_to_case
from app.cases.deps import LockedCase, ReadableCase
from app.cases.models import Case
from app.cases.plans.queries import list_visible_titles
from app.cases.queries import is_private
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Conflict, Invalid
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render, wants_block
from app.core.text import SHORT_TEXT_LIMIT, Text
from app.embeddings.slot import ModelSlot
from app.links import queries, service
from app.links.models import LinkKind
from app.links.queries import Linked
from app.links.schemas import JoinForm, LinkForm
from app.links.words import FROM_HERE, TO_HERE
from app.similar.deps import Slot
from app.similar.filters import Filters
from app.similar.searching import search

router = create_page_router()

PART = "panel"
"""The block that htmx fetches."""
OFFERED = 6


def _name(linked: Linked) -> str:
    return _((FROM_HERE if linked.from_here else TO_HERE)[linked.kind])


@router.get("/cases/{case_id}/links")
async def case_links(
    request: Request,
    case: ReadableCase,
    session: Session,
    viewer: CurrentUser,
    slot: Slot,
    q: Annotated[Text, Query()] = "",
    other: UUID | None = None,
    kind: LinkKind = LinkKind.RELATED,
) -> Response:
    """What the case is linked to, and a form to link it: to `other`, or to what a search finds."""
    return await _show(request, session, case, viewer, slot, q=q, other=other, kind=kind)


async def _show(
    request: Request,
    session: AsyncSession,
    case: Case,
    viewer: Viewer,
    slot: ModelSlot,
    *,
    q: str = "",
    other: UUID | None = None,
    kind: LinkKind = LinkKind.RELATED,
    errors: Mapping[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    linked = await queries.list_linked(session, viewer, case.id)
    block = PART if wants_block(request) else None
    context: dict[str, Any] = {
        "case": case,
        "linked": [(found, _name(found), service.may_unlink(case, found, viewer)) for found in linked],
        "offered": [] if block else await _list_offered(session, case, viewer, slot, q, other),
        "kinds": [(each.value, _(FROM_HERE[each])) for each in LinkKind],
        "kind": kind.value,
        "other": str(other or ""),
        "q": q,
        "errors": errors or {},
        "is_part": block is not None,
    }
    return render(request, "links/panel.html", context, status_code=status_code, block=block)


async def _list_offered(
    session: AsyncSession, case: Case, viewer: Viewer, slot: ModelSlot, q: str, other: UUID | None
) -> list[tuple[str, str]]:
    """Cases to choose from, by id: what was searched for, or the one that was named."""
    found = [other] if other else []
    if q and not found:
        readable = Filters(exclude_case_id=case.id, readable=True)
        result = (await search(session, viewer, q, slot=slot, limit=OFFERED, filters=readable)).found
        found = [match.case_id for match in result.matches] if result else []
    titles = await list_visible_titles(session, found, viewer, ~is_private())
    return [(str(case_id), titles[case_id]) for case_id in found if case_id in titles]


@router.post("/cases/{case_id}/links")
async def link_case(
    request: Request, case: LockedCase, session: Session, viewer: CurrentUser, slot: Slot, now: Now
) -> Response:
    form = await read_form(request, LinkForm)
    status_code = 422
    if form.data is not None:
        try:
            await service.link_cases(session, case, form.data.other_id, form.data.kind, viewer, now)
            return flash(redirect(request, "case_detail", case_id=case.id), _("The cases are linked."))
        except (Conflict, Invalid) as refusal:
            form.refuse(refusal)
            status_code = refusal.status
    return await _show(request, session, case, viewer, slot, errors=form.errors, status_code=status_code)


@router.post("/cases/{case_id}/links/{link_id}/delete")
async def unlink_case(
    request: Request, case: LockedCase, link_id: UUID, session: Session, viewer: CurrentUser
) -> Response:
    await service.unlink_case(session, case, link_id, viewer)
    return flash(redirect(request, "case_detail", case_id=case.id), _("The cases are no longer linked."))


@router.get("/cases/{case_id}/same")
async def same_case(
    request: Request, case: ReadableCase, session: Session, viewer: CurrentUser, draft: UUID | None = None
) -> Response:
    """Join this open case instead of posting the draft: the draft's words, to be told there."""
    own = await service.find_own_draft(session, draft, viewer)
    words = "\n\n".join(text for text in (own.situation, own.not_worked) if text) if own else ""
    return _show_same(request, case, own, Form({"text": words[:SHORT_TEXT_LIMIT], "drop_draft": "true"}))


@router.post("/cases/{case_id}/same")
async def join_case(request: Request, case: LockedCase, session: Session, viewer: CurrentUser, now: Now) -> Response:
    form = await read_form(request, JoinForm)
    if form.data is None:
        return _show_same(request, case, None, form, status_code=422)
    own = await service.find_own_draft(session, form.data.draft, viewer)
    try:
        await service.join_case(session, case, form.data.text, own if form.data.drop_draft else None, viewer, now)
    except Conflict as refusal:
        form.refuse(refusal)
        return _show_same(request, case, own, form, status_code=refusal.status)
    return flash(return_to_case(request, case, "comments"), _("You follow the case, and its owner is told."))


def _show_same(
    request: Request, case: Case, draft: Case | None, form: Form[JoinForm], status_code: int = 200
) -> Response:
    context = {"case": case, "draft": draft.id if draft else form.values.get("draft", ""), "form": form}
    return render(request, "links/same.html", context, status_code=status_code)
