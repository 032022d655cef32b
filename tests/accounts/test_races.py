"""What only shows when transactions really run beside each other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from app.accounts.models import Role, Team, User
from app.accounts.people.schemas import InviteForm
from app.accounts.people.service import LastAdmin, invite, refuse_last_admin
from app.accounts.service import AlreadyMember, TeamNameTaken, create_team
from app.accounts.signing_in.throttle import LIMIT_PER_PAIR, claim_attempt
from app.accounts.viewer import OrganisationName, Viewer
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.errors import TooManyRequests
from app.core.postgres.databases import Database
from app.core.tenancy import organisation_session
from tests.world import ADAM, BOB

FJORD = ADAM.organisation_id
VIEWER = Viewer(OrganisationName(FJORD, "Fjord", "fjord"), user_id=ADAM.id, role=Role.ADMIN)


@pytest.fixture
async def factory(committed_database: Database) -> AsyncIterator[SessionFactory]:
    engine = create_engine(committed_database.app_url)
    yield create_session_factory(engine)
    await engine.dispose()


async def test_tries_at_the_same_moment_do_not_slip_past_the_throttle(factory: SessionFactory) -> None:
    now = datetime.now(UTC)

    async def attempt() -> bool:
        try:
            await claim_attempt(factory, purpose="sign-in", email=BOB.email, address="192.0.2.1", now=now)
        except TooManyRequests:
            return False
        return True

    taken = await asyncio.gather(*(attempt() for _number in range(12)))
    assert sum(taken) == LIMIT_PER_PAIR


async def test_two_admins_cannot_drop_each_other(factory: SessionFactory) -> None:
    async with organisation_session(factory, FJORD) as session:
        bob = await session.get_one(User, (FJORD, BOB.id))
        bob.role = Role.ADMIN

    async def drop(user_id: object) -> bool:
        try:
            async with organisation_session(factory, FJORD) as session:
                user = await session.get_one(User, (FJORD, user_id))
                await refuse_last_admin(session, user)
                await asyncio.sleep(0.05)
                user.role = Role.SELLER
        except LastAdmin:
            return False
        return True

    assert sorted(await asyncio.gather(drop(ADAM.id), drop(BOB.id))) == [False, True]


async def test_the_same_person_is_invited_once(factory: SessionFactory) -> None:
    form = InviteForm(name="Guri", email="guri@fjord.example", role=Role.SELLER)

    async def send() -> bool:
        try:
            async with organisation_session(factory, FJORD) as session:
                await invite(session, VIEWER, form)
        except AlreadyMember:
            return False
        return True

    assert sorted(await asyncio.gather(send(), send(), send())) == [False, False, True]


async def test_a_team_name_is_given_once(factory: SessionFactory) -> None:
    async def make() -> bool:
        try:
            async with organisation_session(factory, FJORD) as session:
                await create_team(session, FJORD, "Nordic")
        except TeamNameTaken:
            return False
        return True

    assert sorted(await asyncio.gather(make(), make())) == [False, True]
    async with organisation_session(factory, FJORD) as session:
        assert await session.scalar(select(func.count()).where(Team.name == "Nordic")) == 1
