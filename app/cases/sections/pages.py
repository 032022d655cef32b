"""Editing a posted case, one section at a time, so that two people seldom meet in one form."""

from enum import StrEnum

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.deps import EditableCase, ReadableCase, may_edit
from app.cases.drafts.forms import (
    FormView,
    find_earlier,
    list_changes,
    load_choices,
    read_fields,
    show_errors,
    show_typed,
    show_values,
)
from app.cases.drafts.service import change_case
from app.cases.models import Case
from app.cases.schemas import DealForm, PlacingForm, SectionForm, StoryForm
from app.cases.workflow import State
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Forbidden, Invalid
from app.core.forms import read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_page_router()


class Section(StrEnum):
    STORY = "story"
    DEAL = "deal"
    PLACING = "placing"


FORMS: dict[Section, type[SectionForm]] = {
    Section.STORY: StoryForm,
    Section.DEAL: DealForm,
    Section.PLACING: PlacingForm,
}


@router.get("/cases/{case_id}/edit/{section}")
async def edit_section(
    request: Request, section: Section, case: ReadableCase, session: Session, viewer: CurrentUser
) -> Response:
    if not may_edit(case, viewer):
        raise Forbidden(_("Only the owner of the case may do this."))
    if case.state is State.DRAFT:
        return redirect(request, "edit_draft", case_id=case.id)
    view = FormView(await load_choices(session, viewer, case), show_values(read_fields(case)))
    return show_section(request, section, case, view)


@router.post("/cases/{case_id}/edit/{section}")
async def save_section(
    request: Request, section: Section, case: EditableCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """Save the section. Somebody else's newer text is shown beside one's own first (412)."""
    form = await read_form(request, FORMS[section])
    view = FormView(await load_choices(session, viewer, case), show_typed(form.values), show_errors(form.errors))
    if form.data is None:
        return show_section(request, section, case, view, 422)
    if find_earlier(case, form.data, view):
        return show_section(request, section, case, view, 412)
    return await store_section(request, session, section, case, form.data, view, viewer, now)


async def store_section(
    request: Request,
    session: AsyncSession,
    section: Section,
    case: Case,
    data: SectionForm,
    view: FormView,
    viewer: Viewer,
    now: Now,
) -> Response:
    try:
        await change_case(session, case, list_changes(data, case), viewer, now)
    except Invalid as error:
        view.errors = error.fields
        return show_section(request, section, case, view, 422)
    return flash(redirect(request, "case_detail", case_id=case.id), _("Saved."))


def show_section(request: Request, section: Section, case: Case, view: FormView, status: int = 200) -> Response:
    context = {"form": view, "case": case, "section": section.value}
    return render(request, "cases/section.html", context, status_code=status)
