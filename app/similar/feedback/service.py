"""What people do with a match that did not help: say why, and take it back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.core.db import new_id
from app.core.errors import Invalid, NotFound
from app.core.i18n import gettext as _
from app.similar.feedback.queries import find_feedback, is_pair
from app.similar.models import FeedbackReason, MatchFeedback
from app.similar.shown import Shown


async def give_feedback(
    session: AsyncSession,
    viewer: Viewer,
    shown: Shown,
    asking_case_id: UUID | None,
    reason: FeedbackReason,
    words: str,
    now: datetime,
) -> MatchFeedback:
    """Keep why it did not help; said again of the same pair, the newer reason stands. The viewer sees both cases."""
    if asking_case_id == shown.case_id:
        raise Invalid.at("asking_case_id", _("A case is no match for itself."))
    said = {"reason": reason, "words": words, "at": now}
    pair = {"user_id": viewer.person_id, "case_id": shown.case_id, "asking_case_id": asking_case_id}
    row = insert(MatchFeedback).values(organisation_id=viewer.organisation_id, id=new_id(), **pair, **said)
    await session.execute(row.on_conflict_do_update(constraint="uq_match_feedback_pair", set_=said))
    feedback = await find_feedback(session, viewer.person_id, shown.case_id, asking_case_id)
    assert feedback is not None
    return feedback


async def take_back_feedback(session: AsyncSession, viewer: Viewer, shown: Shown, asking_case_id: UUID | None) -> None:
    """Raises NotFound where nothing was said."""
    mine = is_pair(viewer.person_id, shown.case_id, asking_case_id)
    if await session.scalar(delete(MatchFeedback).where(mine).returning(MatchFeedback.id)) is None:
        raise NotFound
