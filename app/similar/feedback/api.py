"""Matches that did not help, for programs; each needs a person, so a key acts as one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.accounts.deps import CurrentViewer, create_api_router
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.similar.deps import ShownMatch
from app.similar.feedback import service
from app.similar.feedback.schemas import FeedbackInput, FeedbackRead
from app.similar.shown import find_asking

router = create_api_router("similar cases")


@router.post(
    "/matches/{match_id}/feedback",
    status_code=201,
    operation_id="give_match_feedback",
    summary="Say why a match did not help",
    responses=document_errors(404, 409),
)
async def give_feedback(
    shown: ShownMatch, body: FeedbackInput, session: Session, viewer: CurrentViewer, now: Now
) -> FeedbackRead:
    """`match_id` is the `id` of a similar case. Each person counts once; said again of the same pair, it replaces
    what was said before. It lowers the match's score for the organisation a little: see `parts.feedback`.
    """
    asking = await find_asking(session, viewer, body.asking_case_id)
    if asking != body.asking_case_id:
        raise Invalid.at("asking_case_id", _("There is no such case."))
    feedback = await service.give_feedback(session, viewer, shown, asking, body.reason, body.words, now)
    return FeedbackRead.from_feedback(feedback, shown)


@router.delete(
    "/matches/{match_id}/feedback",
    status_code=204,
    operation_id="take_back_match_feedback",
    summary="Take back what you said of a match",
    responses=document_errors(404),
)
async def take_back_feedback(
    shown: ShownMatch,
    session: Session,
    viewer: CurrentViewer,
    asking_case_id: Annotated[UUID | None, Query(description="The case that the match was shown for.")] = None,
) -> None:
    """One's own alone, so that it needs no `If-Match`; 404 where nothing was said."""
    await service.take_back_feedback(session, viewer, shown, asking_case_id)
