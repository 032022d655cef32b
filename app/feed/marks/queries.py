"""Every select on what people follow and bookmark. A subject they may no longer see is as if it were not marked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Team, User
from app.accounts.viewer import Viewer
from app.cases.models import Case, CodeKind
from app.cases.queries import visible_to as case_visible_to
from app.feed.models import Mark, Purpose, SubjectKind
from app.practices.models import Practice
from app.practices.queries import Codes, list_code_names
from app.practices.queries import visible_to as practice_visible_to

COLUMNS: Mapping[SubjectKind, str] = {
    SubjectKind.PERSON: "person_id",
    SubjectKind.TEAM: "team_id",
    SubjectKind.OBSTACLE: "code_id",
    SubjectKind.TAG: "tag",
    SubjectKind.CASE: "case_id",
    SubjectKind.PRACTICE: "practice_id",
}
"""The column of a mark that holds its subject."""


@dataclass(frozen=True)
class Subject:
    """What can be marked. `key` is an id, the key of an obstacle, or a tag in lower case; `value` is what is stored."""

    kind: SubjectKind
    key: str
    name: str
    value: UUID | str


@dataclass(frozen=True)
class Marked:
    """A mark with its subject."""

    mark: Mark
    subject: Subject


def read_subject(mark: Mark) -> tuple[SubjectKind, UUID | str]:
    """The kind of the subject, and its id or tag."""
    filled = {kind: getattr(mark, name) for kind, name in COLUMNS.items()}
    return next((kind, value) for kind, value in filled.items() if value is not None)


def _select_names(viewer: Viewer, kind: SubjectKind) -> Select[UUID, str]:
    match kind:
        case SubjectKind.PERSON:
            return select(User.id, User.name)
        case SubjectKind.TEAM:
            return select(Team.id, Team.name)
        case SubjectKind.PRACTICE:
            return select(Practice.id, Practice.title).join(Practice.case).where(practice_visible_to(viewer))
        case _:
            return select(Case.id, Case.title).where(case_visible_to(viewer))


async def _list_subjects(
    session: AsyncSession, viewer: Viewer, codes: Codes, kind: SubjectKind, values: Collection[UUID | str]
) -> list[Subject]:
    """Those of the values that are something the viewer may see."""
    if kind is SubjectKind.TAG:
        return [Subject(kind, str(tag), str(tag), tag) for tag in values]
    if kind is SubjectKind.OBSTACLE:
        return [
            Subject(kind, codes[value].key, codes[value].name, value) for value in values if isinstance(value, UUID)
        ]
    query = _select_names(viewer, kind)
    found = await session.execute(query.where(query.selected_columns[0].in_(values)))
    return [Subject(kind, str(value), name, value) for value, name in found]


async def find_subject(session: AsyncSession, viewer: Viewer, kind: SubjectKind, key: str) -> Subject | None:
    """The subject of this kind by its key, if the viewer may see it."""
    codes = await list_code_names(session) if kind is SubjectKind.OBSTACLE else {}
    value: UUID | str | None
    if kind is SubjectKind.TAG:
        value = key.lower()
    elif kind is SubjectKind.OBSTACLE:
        value = next((id_ for id_, code in codes.items() if (code.kind, code.key) == (CodeKind.OBSTACLE, key)), None)
    else:
        value = _read_id(key)
    if value is None:
        return None
    return next(iter(await _list_subjects(session, viewer, codes, kind, [value])), None)


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def marks_of(user_id: UUID, purpose: Purpose) -> ColumnElement[bool]:
    return (Mark.user_id == user_id) & (Mark.purpose == purpose)


async def list_marks(session: AsyncSession, viewer: Viewer, purpose: Purpose, limit: int) -> list[Marked]:
    """What the viewer has marked and may still see, the newest first."""
    found = await session.scalars(
        select(Mark).where(marks_of(viewer.own_id, purpose)).order_by(Mark.id.desc()).limit(limit)
    )
    marks = found.all()
    values: dict[SubjectKind, list[UUID | str]] = {}
    for kind, value in map(read_subject, marks):
        values.setdefault(kind, []).append(value)
    codes = await list_code_names(session) if SubjectKind.OBSTACLE in values else {}
    subjects = {
        (kind, subject.value): subject
        for kind, wanted in values.items()
        for subject in await _list_subjects(session, viewer, codes, kind, wanted)
    }
    return [Marked(mark, subjects[read_subject(mark)]) for mark in marks if read_subject(mark) in subjects]


async def find_mark(session: AsyncSession, user_id: UUID, purpose: Purpose, subject: Subject) -> Mark | None:
    column = getattr(Mark, COLUMNS[subject.kind])
    return await session.scalar(select(Mark).where(marks_of(user_id, purpose), column == subject.value))


async def count_marks(session: AsyncSession, user_id: UUID, purpose: Purpose) -> int:
    return (await session.scalar(select(func.count()).select_from(Mark).where(marks_of(user_id, purpose)))) or 0


async def list_marked_keys(
    session: AsyncSession, user_id: UUID, subjects: Sequence[Subject]
) -> set[tuple[Purpose, SubjectKind, str]]:
    """Which of the subjects are marked, and for what."""
    found = await session.scalars(select(Mark).where(Mark.user_id == user_id))
    by_value = {(subject.kind, subject.value): subject for subject in subjects}
    marked = {(mark.purpose, *read_subject(mark)) for mark in found}
    return {(purpose, kind, by_value[kind, value].key) for purpose, kind, value in marked if (kind, value) in by_value}
