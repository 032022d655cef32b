"""Every select on comments. Who may see the case or the practice is settled before one asks here."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.accounts.models import TeamMember, User
from app.accounts.queries import is_person, join_name, list_teams
from app.cases import queries as cases
from app.cases.models import Case
from app.comments.mentions import Mentionable
from app.comments.models import Comment
from app.core.pagination import Cursor, Page, cut_page
from app.practices.models import Audience, Practice

Subject = Case | Practice
"""What a comment is on."""


def _is_on(subject: Subject) -> ColumnElement[bool]:
    column = Comment.case_id if isinstance(subject, Case) else Comment.practice_id
    return and_(Comment.organisation_id == subject.organisation_id, column == subject.id)


async def list_comments(
    session: AsyncSession, subject: Subject, *, cursor: Cursor | None = None, limit: int
) -> Page[Comment]:
    """The comments on it, newest first."""
    query = (
        select(Comment)
        .where(_is_on(subject))
        .order_by(Comment.at.desc(), Comment.id.desc())
        .limit(limit + 1)
        .options(join_name(Comment.author), selectinload(Comment.mentions))
        .execution_options(populate_existing=True)
    )
    if cursor:
        query = query.where(tuple_(Comment.at, Comment.id) < tuple_(cursor.at, cursor.id))
    found = (await session.scalars(query)).all()
    return cut_page(found, limit, lambda comment: Cursor(comment.at, comment.id))


async def find_comment(session: AsyncSession, comment_id: UUID) -> Comment | None:
    """A comment, whoever may see it."""
    return await session.scalar(
        select(Comment)
        .where(Comment.id == comment_id)
        .options(join_name(Comment.author), selectinload(Comment.mentions))
        .execution_options(populate_existing=True)
    )


async def list_mentionable(session: AsyncSession, subject: Subject) -> list[Mentionable]:
    """The active people who may see it, by name, and the teams."""
    if isinstance(subject, Case):
        people = [Mentionable(reader.id, reader.name) for reader in await cases.list_readers(session, subject)]
    else:
        people = await _list_audience(session, subject)
    teams = [Mentionable(team.id, team.name, is_team=True) for team in await list_teams(session)]
    return [*people, *teams]


async def _list_audience(session: AsyncSession, practice: Practice) -> list[Mentionable]:
    members = select(TeamMember.user_id).where(TeamMember.team_id == practice.team_id)
    among = true() if practice.audience is Audience.EVERYONE else User.id.in_(members)
    found = await session.execute(
        select(User.id, User.name)
        .where(User.deactivated_at.is_(None), or_(and_(among, is_person()), User.id == practice.solver_id))
        .order_by(User.name, User.id)
    )
    return [Mentionable(user_id, name) for user_id, name in found]
