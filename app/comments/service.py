"""What people do with comments: write one where they may read, and change or delete their own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case
from app.cases.service import WrongState
from app.cases.workflow import CLOSED_STATES, OPEN_STATES
from app.comments import queries
from app.comments.mentions import find_mentions
from app.comments.models import Comment, CommentMention
from app.comments.queries import Subject
from app.core.db import new_id
from app.core.i18n import gettext as _
from app.core.jobs import publish


def takes_comments(subject: Subject) -> bool:
    """A practice always does; a case from when it is posted until it is withdrawn."""
    return not isinstance(subject, Case) or subject.state in OPEN_STATES | CLOSED_STATES


def _refuse_silent(subject: Subject) -> None:
    if not takes_comments(subject):
        raise WrongState(_("Comments can be written once the case is posted, and until it is withdrawn."))


async def write_comment(session: AsyncSession, subject: Subject, text: str, author_id: UUID, now: datetime) -> Comment:
    """A new comment. The @names in it mention those of that name who may read it; other names stay text."""
    _refuse_silent(subject)
    comment = Comment(
        organisation_id=subject.organisation_id,
        id=new_id(),
        case_id=subject.id if isinstance(subject, Case) else None,
        practice_id=None if isinstance(subject, Case) else subject.id,
        author_id=author_id,
        text=text,
        at=now,
    )
    session.add(comment)
    await session.flush()
    await _mention(session, subject, comment)
    await _announce(session, subject, comment, "comment.written")
    return comment


async def change_comment(session: AsyncSession, subject: Subject, comment: Comment, text: str, now: datetime) -> None:
    """Replace the text of one's own comment, and whom it mentions."""
    _refuse_silent(subject)
    if text == comment.text:
        return
    comment.text, comment.edited_at = text, now
    await session.execute(delete(CommentMention).where(CommentMention.comment_id == comment.id))
    await _mention(session, subject, comment)
    await _announce(session, subject, comment, "comment.changed")


async def delete_comment(session: AsyncSession, comment: Comment) -> None:
    """For good."""
    await session.delete(comment)
    await session.flush()


async def _announce(session: AsyncSession, subject: Subject, comment: Comment, action: str) -> None:
    await publish(
        session,
        action,
        organisation_id=str(comment.organisation_id),
        case_id=str(subject.id if isinstance(subject, Case) else subject.case_id),
        practice_id="" if isinstance(subject, Case) else str(subject.id),
        action=action,
        subject_id=str(comment.id),
        by_id=str(comment.author_id),
        at=comment.at.isoformat(),
    )


async def _mention(session: AsyncSession, subject: Subject, comment: Comment) -> None:
    candidates = await queries.list_mentionable(session, subject) if "@" in comment.text else []
    session.add_all(
        CommentMention(
            organisation_id=comment.organisation_id,
            id=new_id(),
            comment_id=comment.id,
            user_id=None if named.is_team else named.id,
            team_id=named.id if named.is_team else None,
            written=written,
        )
        for named, written in find_mentions(comment.text, candidates)
    )
    await session.flush()
