"""Saying that a match did not help, and taking it back: a page, or the part of a match that htmx fetches."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.accounts.deps import CurrentUser, create_page_router
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import redirect, render, wants_block
from app.similar.deps import AskingCase, ShownMatch
from app.similar.feedback import service
from app.similar.feedback.queries import find_feedback
from app.similar.feedback.schemas import REASON_NAMES, FeedbackForm
from app.similar.models import MatchFeedback
from app.similar.shown import Shown

router = create_page_router()

PART = "said"
"""The block that htmx fetches."""


@router.get("/matches/{match_id}/feedback")
async def match_feedback(
    request: Request, shown: ShownMatch, asking: AskingCase, session: Session, viewer: CurrentUser
) -> Response:
    """The form; what was said before stands in it."""
    given = await find_feedback(session, viewer.person_id, shown.case_id, asking)
    return _show(request, shown, asking, given, writing=True)


@router.post("/matches/{match_id}/feedback")
async def give_match_feedback(
    request: Request, shown: ShownMatch, asking: AskingCase, session: Session, viewer: CurrentUser, now: Now
) -> Response:
    form = await read_form(request, FeedbackForm)
    if form.data is None:
        return _show(request, shown, asking, None, writing=True, form=form)
    given = await service.give_feedback(session, viewer, shown, asking, form.data.reason, form.data.words, now)
    return _return(request, shown, asking, given)


@router.post("/matches/{match_id}/feedback/take-back")
async def take_back_match_feedback(
    request: Request, shown: ShownMatch, asking: AskingCase, session: Session, viewer: CurrentUser
) -> Response:
    await service.take_back_feedback(session, viewer, shown, asking)
    return _return(request, shown, asking, None)


def _return(request: Request, shown: Shown, asking: UUID | None, given: MatchFeedback | None) -> Response:
    """The part of the match where htmx asks; else the page it is on, which has no script."""
    if wants_block(request):
        return _show(request, shown, asking, given, writing=False)
    response = redirect(request, "match_feedback", match_id=shown.id)
    if asking is not None:
        response.headers["Location"] += f"?case={asking}"
    return response


def _show(
    request: Request,
    shown: Shown,
    asking: UUID | None,
    given: MatchFeedback | None,
    *,
    writing: bool,
    form: Form[Any] | None = None,
) -> Response:
    context = {
        "shown": shown,
        "asking": asking,
        "said": _(REASON_NAMES[given.reason]) if given else "",
        "writing": writing,
        "reasons": [(reason.value, _(name)) for reason, name in REASON_NAMES.items()],
        "values": form.values if form else ({"reason": given.reason.value, "words": given.words} if given else {}),
        "errors": form.errors if form else {},
    }
    return render(
        request,
        "similar/feedback.html",
        context,
        status_code=422 if form else 200,
        block=PART if wants_block(request) else None,
    )
