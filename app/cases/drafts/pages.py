"""Writing a case: nothing is created until something is typed, and what was typed is never lost."""

from datetime import datetime
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases import queries
from app.cases.deps import EditableCase, ReadableCase, may_edit, refuse_strangers
from app.cases.drafts import service
from app.cases.drafts.forms import (
    FormView,
    blank_values,
    find_differing,
    find_earlier,
    is_blank,
    list_changes,
    load_choices,
    read_fields,
    show_errors,
    show_typed,
    show_values,
)
from app.cases.models import Case
from app.cases.schemas import DraftForm
from app.cases.service import WrongState, move_case
from app.cases.workflow import CaseFacts, Move, State, find_missing
from app.core.clock import Now
from app.core.db import Session, new_id
from app.core.errors import Invalid, NotFound, Stale
from app.core.forms import Form, read_form, read_valid
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_page_router()


@router.get("/cases/new")
async def new_case(request: Request, session: Session, viewer: CurrentUser) -> Response:
    view = FormView(await load_choices(session, viewer), blank_values(viewer))
    return show_draft(request, view, new_id(), None)


@router.get("/cases/{case_id}/draft")
async def edit_draft(request: Request, case: ReadableCase, session: Session, viewer: CurrentUser) -> Response:
    if case.state is not State.DRAFT or not may_edit(case, viewer):
        return redirect(request, "case_detail", case_id=case.id)
    view = FormView(await load_choices(session, viewer, case), show_values(read_fields(case)))
    return show_draft(request, view, case.id, case)


@router.post("/cases/{case_id}/draft")
async def save_draft(request: Request, case_id: UUID, session: Session, viewer: CurrentUser, now: Now) -> Response:
    """Save the draft or post it; the id was handed out with the empty form."""
    form = await read_form(request, DraftForm)
    case = await find_own_case(session, case_id, viewer)
    if case is not None and case.state is not State.DRAFT:
        return leave_posted(request, case, form)
    view = FormView(await load_choices(session, viewer, case), show_typed(form.values), show_errors(form.errors))
    if form.data is None:
        return show_draft(request, view, case_id, case, 422)
    if find_earlier(case, form.data, view):
        return show_draft(request, view, case_id, case, 412)
    if case is not None or not is_blank(form.data):
        try:
            case = await store_draft(session, viewer, case, case_id, form.data, now)
        except Invalid as error:
            view.errors = error.fields
            return show_draft(request, view, case_id, case, 422)
    if form.data.action == "save":
        return leave_saved(request, case)
    return await post_draft(request, session, viewer, now, view, case_id, case)


async def post_draft(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    now: datetime,
    view: FormView,
    case_id: UUID,
    case: Case | None,
) -> Response:
    """Post what was just saved, or show at the fields what is missing."""
    facts = CaseFacts(State.DRAFT) if case is None else await queries.read_facts(session, case)
    view.errors = {need.field: _(need.message) for need in find_missing(Move.POST, facts)}
    if case is None or view.errors:
        return show_draft(request, view, case_id, case, 422)
    await move_case(session, case, Move.POST, facts, viewer, now)
    return flash(redirect(request, "case_detail", case_id=case.id), _("The case is posted. Others can help now."))


@router.post("/cases/{case_id}/draft/autosave")
async def autosave_draft(request: Request, case_id: UUID, session: Session, viewer: CurrentUser, now: Now) -> Response:
    """Save without a page: 204 with the new version and, once there is a draft, where it stands."""
    draft = await read_valid(request, DraftForm)
    case = await find_own_case(session, case_id, viewer)
    if case is None and is_blank(draft):
        return Response(status_code=204)
    if case is not None and case.state is not State.DRAFT:
        raise WrongState(_("This case was posted meanwhile. Change it on its own page."))
    if case is not None and case.version != draft.version and find_differing(case, draft):
        raise Stale(_("The draft was saved somewhere else meanwhile. Press “Save draft” to see both texts."))
    case = await store_draft(session, viewer, case, case_id, draft, now, relink=False)
    place = str(request.app.url_path_for("edit_draft", case_id=str(case.id)))
    return Response(status_code=204, headers={"Unstuck-Version": str(case.version), "Unstuck-Location": place})


@router.post("/cases/{case_id}/draft/delete")
async def delete_draft(request: Request, case: EditableCase, session: Session) -> Response:
    await service.delete_draft(session, case)
    return flash(redirect(request, "list_cases"), _("The draft is deleted."))


async def find_own_case(session: AsyncSession, case_id: UUID, viewer: Viewer) -> Case | None:
    """The viewer's case, locked; None while there is none of this id, and nobody else makes it meanwhile."""
    await queries.lock_id(session, case_id)
    case = await queries.find_case(session, case_id, queries.visible_to(viewer), lock=True)
    if case is None and await queries.case_exists(session, case_id):
        raise NotFound
    if case is not None:
        await refuse_strangers(session, case, viewer)
    return case


async def store_draft(
    session: AsyncSession,
    viewer: Viewer,
    case: Case | None,
    case_id: UUID,
    form: DraftForm,
    now: datetime,
    *,
    relink: bool = True,
) -> Case:
    """The draft with these fields, created when there is none. Raises Invalid, and has stored nothing then."""
    async with session.begin_nested():
        if case is None:
            owner = await accounts.find_active_user(session, viewer.person_id)
            assert owner is not None
            case = await service.create_draft(session, viewer, owner, now, case_id=case_id)
        return await service.change_case(session, case, list_changes(form, case), viewer, now, relink=relink)


def leave_saved(request: Request, case: Case | None) -> Response:
    if case is None:
        return redirect(request, "new_case")
    return flash(redirect(request, "edit_draft", case_id=case.id), _("The draft is saved. Only you can see it."))


def leave_posted(request: Request, case: Case, form: Form[DraftForm]) -> Response:
    """A second press on Post goes on to the case; text that would be lost does not."""
    if form.data is not None and not find_differing(case, form.data):
        return redirect(request, "case_detail", case_id=case.id)
    raise WrongState(_("This case was posted meanwhile. Change it on its own page."))


def show_draft(request: Request, view: FormView, case_id: UUID, case: Case | None, status: int = 200) -> Response:
    context = {"form": view, "case_id": case_id, "exists": case is not None, "version": case.version if case else 0}
    return render(request, "cases/draft.html", context, status_code=status)
