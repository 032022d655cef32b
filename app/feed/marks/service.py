"""What people do with what they follow and bookmark: mark it, and take the mark away."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Team, User
from app.accounts.viewer import Viewer
from app.cases.models import CaseObstacle
from app.core.db import new_id
from app.core.errors import Conflict, Invalid, NotFound
from app.core.i18n import gettext as _
from app.feed.marks import queries
from app.feed.marks.queries import COLUMNS, Marked, Subject
from app.feed.models import Mark, Purpose, SubjectKind

MARKS_LIMIT = 500
BOOKMARKED = {SubjectKind.CASE, SubjectKind.PRACTICE}


class TooManyMarks(Conflict):
    code = "too_many_marks"


async def get_subject(session: AsyncSession, viewer: Viewer, purpose: Purpose, kind: SubjectKind, key: str) -> Subject:
    """What is to be marked. Raises Invalid for what is not there, and for what cannot be bookmarked."""
    if purpose is Purpose.BOOKMARK and kind not in BOOKMARKED:
        raise Invalid.at("kind", _("Bookmark a case or a practice."))
    subject = await queries.find_subject(session, viewer, kind, key)
    if subject is None:
        raise Invalid.at("key", _("There is nothing like that here."))
    return subject


async def add_mark(session: AsyncSession, viewer: Viewer, purpose: Purpose, subject: Subject, now: datetime) -> Marked:
    """Follow or bookmark it; done again, the first mark stands. Raises TooManyMarks."""
    found = await queries.find_mark(session, viewer.own_id, purpose, subject)
    if found is not None:
        return Marked(found, subject)
    if await queries.count_marks(session, viewer.own_id, purpose) >= MARKS_LIMIT:
        raise TooManyMarks(_("That is more than anybody can keep an eye on: take one away first."))
    row = insert(Mark).values(
        organisation_id=viewer.organisation_id,
        id=new_id(),
        user_id=viewer.own_id,
        purpose=purpose,
        at=now,
        **{COLUMNS[subject.kind]: subject.value},
    )
    await session.execute(row.on_conflict_do_nothing(constraint="uq_marks_subject"))
    mark = await queries.find_mark(session, viewer.own_id, purpose, subject)
    assert mark is not None
    return Marked(mark, subject)


async def take_mark(session: AsyncSession, viewer: Viewer, purpose: Purpose, subject: Subject) -> None:
    """No longer follow or keep it, if it was."""
    mark = await queries.find_mark(session, viewer.own_id, purpose, subject)
    if mark is not None:
        await session.delete(mark)


async def delete_mark(session: AsyncSession, viewer: Viewer, mark_id: UUID) -> None:
    """Raises NotFound for a mark that is not the viewer's own."""
    own = delete(Mark).where(Mark.id == mark_id, Mark.user_id == viewer.own_id)
    if await session.scalar(own.returning(Mark.id)) is None:
        raise NotFound


def list_subjects(
    person: User, team: Team | None, obstacles: Sequence[CaseObstacle], tags: Sequence[str] = ()
) -> list[Subject]:
    """What can be followed around a case or a practice, each once. The obstacles must be loaded with their codes."""
    found = [Subject(SubjectKind.PERSON, str(person.id), person.name, person.id)]
    if team is not None:
        found.append(Subject(SubjectKind.TEAM, str(team.id), team.name, team.id))
    found += [Subject(SubjectKind.OBSTACLE, each.code.key, each.code.name, each.code_id) for each in obstacles]
    return [*found, *(Subject(SubjectKind.TAG, tag, tag, tag) for tag in dict.fromkeys(map(str.lower, tags)))]
