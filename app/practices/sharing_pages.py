"""Pages that write a practice: sharing a case as one, and changing one. Both look for names and show a preview."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.viewer import Viewer
from app.cases.deps import EditableCase
from app.cases.models import Case
from app.cases.queries import read_facts
from app.cases.service import refuse_unready
from app.cases.workflow import Move, State
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Invalid, Stale
from app.core.forms import Form, read_form
from app.core.i18n import LANGUAGE_NAMES, current_language
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render
from app.practices import queries, service
from app.practices.deps import EditablePractice
from app.practices.drafting import list_texts, repeat_story
from app.practices.models import Audience, Practice
from app.practices.names import FoundName
from app.practices.schemas import STORY_PARTS, StoryForm

router = create_page_router()


def _name_findings(found: Mapping[str, Sequence[FoundName]]) -> dict[str, str]:
    """What to say at each part in which something was found."""
    return {
        part: _("Still named here: {names}").format(names=", ".join(list_texts({part: names})))
        for part, names in found.items()
    }


def _is_confirmed(form: StoryForm, found: Mapping[str, Sequence[FoundName]]) -> bool:
    """The box was ticked while all that is found now stood beside it."""
    return form.confirm_names and set(list_texts(found)) <= set(form.names_seen.split("\n"))


async def _show_form(
    request: Request,
    session: AsyncSession,
    case: Case,
    viewer: Viewer,
    form: Form[StoryForm],
    *,
    practice: Practice | None = None,
    preview: bool = False,
    theirs: Mapping[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    values = dict.fromkeys((*STORY_PARTS, "language"), "") | form.values
    found = await service.check_names(session, case, values, viewer)
    context: dict[str, Any] = {
        "case": case,
        "practice": practice,
        "solver": practice.solver if practice else case.owner,
        "team": practice.team if practice else case.team,
        "values": values,
        "errors": _name_findings(found) | form.errors,
        "problems": form.errors,
        "names": list_texts(found),
        "preview": preview,
        "theirs": theirs or {},
        "languages_offered": list(LANGUAGE_NAMES.items()),
    }
    return render(request, "practices/write.html", context, status_code=status_code)


async def _refuse_unresolved(session: AsyncSession, case: Case) -> None:
    refuse_unready(Move.SHARE, await read_facts(session, case))


@router.get("/cases/{case_id}/share")
async def share_case(request: Request, case: EditableCase, session: Session, viewer: CurrentUser) -> Response:
    """The story as a first draft, with what should not stand in it marked."""
    shared = await queries.find_practice_of_case(session, case.id) if case.state is State.SHARED else None
    if shared is not None:
        return redirect(request, "practice_detail", practice_id=shared.id)
    await _refuse_unresolved(session, case)
    language = case.language if case.language in LANGUAGE_NAMES else current_language()
    values: dict[str, str | list[str]] = {
        **await service.prepare_story(session, case),
        "language": language,
        "audience": Audience.EVERYONE.value,
    }
    return await _show_form(request, session, case, viewer, Form(values))


@router.post("/cases/{case_id}/share")
async def save_share(request: Request, case: EditableCase, session: Session, viewer: CurrentUser, now: Now) -> Response:
    """Preview, then share."""
    await _refuse_unresolved(session, case)
    form = await read_form(request, StoryForm)
    if form.data is None:
        return await _show_form(request, session, case, viewer, form, status_code=422)
    if form.data.action == "preview":
        return await _show_form(request, session, case, viewer, form, preview=True)
    story = form.data.list_changes()
    confirmed = _is_confirmed(form.data, await service.check_names(session, case, story, viewer))
    try:
        practice = await service.share_case(session, case, story, confirmed=confirmed, viewer=viewer, now=now)
    except service.NamesFound:
        form.fail("confirm_names", _("Confirm that these may be shared, or take them out."))
        return await _show_form(request, session, case, viewer, form, preview=True, status_code=422)
    except Invalid as refusal:
        form.errors |= refusal.fields
        return await _show_form(request, session, case, viewer, form, status_code=422)
    response = redirect(request, "practice_detail", practice_id=practice.id)
    return flash(response, _("Shared. This is what others see."))


@router.get("/practices/{practice_id}/edit")
async def edit_practice(request: Request, row: EditablePractice, session: Session, viewer: CurrentUser) -> Response:
    practice = row.practice
    values: dict[str, str | list[str]] = {
        **repeat_story(practice),
        "language": practice.language,
        "audience": practice.audience.value,
        "version": str(practice.version),
    }
    return await _show_form(request, session, practice.case, viewer, Form(values), practice=practice)


@router.post("/practices/{practice_id}/edit")
async def save_practice(
    request: Request, row: EditablePractice, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    """Preview, then save. When somebody saved meanwhile the form comes back with both texts."""
    practice = row.practice
    form = await read_form(request, StoryForm)
    if form.data is None:
        return await _show_form(request, session, practice.case, viewer, form, practice=practice, status_code=422)
    if form.data.action == "preview":
        return await _show_form(request, session, practice.case, viewer, form, practice=practice, preview=True)
    changes = form.data.list_changes()
    confirmed = _is_confirmed(form.data, await service.check_names(session, practice.case, changes, viewer))
    try:
        await service.change_practice(
            session, practice, changes, version=form.data.version, confirmed=confirmed, viewer=viewer, now=now
        )
    except Stale:
        theirs = {part: text for part, text in repeat_story(practice).items() if text != changes[part]}
        form.values["version"] = str(practice.version)
        return await _show_form(
            request, session, practice.case, viewer, form, practice=practice, theirs=theirs, status_code=412
        )
    except service.NamesFound:
        form.fail("confirm_names", _("Confirm that these may be shared, or take them out."))
        return await _show_form(
            request, session, practice.case, viewer, form, practice=practice, preview=True, status_code=422
        )
    except Invalid as refusal:
        form.errors |= refusal.fields
        return await _show_form(request, session, practice.case, viewer, form, practice=practice, status_code=422)
    return flash(redirect(request, "practice_detail", practice_id=practice.id), _("Saved."))
