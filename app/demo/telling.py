"""What the people of the demo were told lately, so that the first one to sign in finds something."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Hat, Question
from app.notifications.models import KEPT, Kind, Notification
from app.notifications.service import tell
from app.practices.models import Practice, PracticeUse

READ_AFTER = timedelta(days=7)


async def tell_people(session: AsyncSession, now: datetime) -> None:
    """Tell of questions, answers, hats and uses; what is older than a week is read."""
    since = now - KEPT
    for question in await session.scalars(select(Question).where(Question.asked_at > since)):
        case_id, asker = question.case_id, question.asked_by_id
        await tell(session, Kind.QUESTION, question.id, question.asked_at, case_id=case_id, actor_id=asker)
        if question.answered_at:
            by = question.answered_by_id
            await tell(session, Kind.ANSWER, question.id, question.answered_at, case_id=case_id, actor_id=by)
    for hat in await session.scalars(select(Hat).where(Hat.asked_at > since)):
        by = hat.asked_by_id
        await tell(session, Kind.HAT_ASKED, hat.id, hat.asked_at, case_id=hat.case_id, actor_id=by)
    uses = select(PracticeUse, Practice.case_id).join(Practice, Practice.id == PracticeUse.practice_id)
    for use, case_id in (await session.execute(uses.where(PracticeUse.at > since))).all():
        kind, practice_id = Kind.PRACTICE_USED, use.practice_id
        await tell(session, kind, use.id, use.at, case_id=case_id, practice_id=practice_id, actor_id=use.user_id)
    old = update(Notification).where(Notification.at < now - READ_AFTER)
    await session.execute(old.values(read_at=Notification.at))
