"""Who stands in for somebody who posted a case without a name; see docs/decisions/0010."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, delete, func, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Role, StandIn, TeamMember, User
from app.core.db import new_id
from app.core.i18n import gettext as _
from app.core.i18n import use_language


async def create_stand_in(session: AsyncSession, person: User, case_id: UUID, language: str) -> User:
    """Somebody without a name, who is seen in the person's place on the case, and in no team.

    Called so in the language of the case: that of the person would tell.
    """
    with use_language(language):
        name = _("Anonymous colleague")
    user = User(organisation_id=person.organisation_id, id=new_id(), name=name, role=Role.SELLER)
    session.add(user)
    await session.flush()
    session.add(StandIn(organisation_id=user.organisation_id, user_id=user.id, person_id=person.id, case_id=case_id))
    await session.flush()
    return user


async def stands_behind(session: AsyncSession, case_id: UUID, person_id: UUID) -> bool:
    """Whether the person posted this case without a name, perhaps a moment ago."""
    behind = select(StandIn.id).where(StandIn.case_id == case_id, StandIn.person_id == person_id)
    return await session.scalar(behind) is not None


async def find_person_id(session: AsyncSession, user_id: UUID) -> UUID:
    """The person behind a stand-in; of everybody else the user's own id."""
    return (await session.scalars(select_behind(literal(user_id)))).one()


def select_behind(user_id: ColumnElement[UUID]) -> Select[UUID]:
    """Those users, and the person in the place of each who only stands in for somebody."""
    stands_in = select(StandIn.person_id).where(StandIn.user_id == user_id).scalar_subquery()
    return select(func.coalesce(stands_in, user_id))


async def release_stand_in(session: AsyncSession, case_id: UUID, person_id: UUID) -> None:
    """Let the person be seen by name on the case from now on: it was given to them by name."""
    await session.execute(delete(StandIn).where(StandIn.case_id == case_id, StandIn.person_id == person_id))


async def keep_stand_in(session: AsyncSession, case_id: UUID, practice_id: UUID) -> None:
    """Whoever stands in on the case does so on the practice made of it."""
    await session.execute(update(StandIn).where(StandIn.case_id == case_id).values(practice_id=practice_id))


async def list_stand_ins(session: AsyncSession, person_id: UUID) -> list[tuple[UUID, UUID]]:
    """Where somebody stands in for the person, and who: cases, and practices made of them."""
    found = await session.execute(
        select(StandIn.case_id, StandIn.practice_id, StandIn.user_id)
        .where(StandIn.person_id == person_id)
        .order_by(StandIn.id)
    )
    return [(place, user_id) for *places, user_id in found for place in places if place is not None]


async def find_behind(session: AsyncSession, case_id: UUID, led_team_ids: Collection[UUID]) -> str | None:
    """The name of the one who posted this case without it, for the managers of that person's teams."""
    person = and_(StandIn.organisation_id == User.organisation_id, StandIn.person_id == User.id)
    behind = select(User.name).join(StandIn, person).where(StandIn.case_id == case_id)
    return await session.scalar(behind.where(StandIn.person_id.in_(_select_members(led_team_ids))))


def select_led(team_ids: Collection[UUID]) -> CompoundSelect[UUID]:
    """The members of teams, and who stands in for them: for the managers of those teams."""
    members = _select_members(team_ids)
    return union_all(members, select(StandIn.user_id).where(StandIn.person_id.in_(members)))


def _select_members(team_ids: Collection[UUID]) -> Select[UUID]:
    return select(TeamMember.user_id).where(TeamMember.team_id.in_(team_ids))
