"""The cast every test starts with, committed once: two organisations, so that each could leak into the other."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, Organisation, Role, Team, TeamMember, User, UserSession
from app.cases.service import prepare_organisation
from app.core.security import hash_password, hash_token
from app.core.tenancy import enter_organisation

NAMESPACE = UUID("6f1c2a52-3b1e-4b57-9d0c-8f3f5f0f7a11")
PASSWORD = "correct horse battery"


def known_id(name: str) -> UUID:
    """The same id in every process for the same name."""
    return uuid5(NAMESPACE, name)


@dataclass(frozen=True)
class Person:
    """Somebody of the cast."""

    key: str
    organisation: str
    role: Role
    team: str
    leads: bool = False

    @property
    def id(self) -> UUID:
        return known_id(self.key)

    @property
    def organisation_id(self) -> UUID:
        return known_id(self.organisation)

    @property
    def team_id(self) -> UUID:
        return known_id(self.team)

    @property
    def name(self) -> str:
        return f"{self.key.capitalize()} {self.organisation.capitalize()}"

    @property
    def email(self) -> str:
        return f"{self.key}@{self.organisation}.example"

    @property
    def token(self) -> str:
        """Of a browser that is signed in already."""
        return f"token-of-{self.key}"


ALICE = Person("alice", "fjord", Role.SELLER, "oslo")
BOB = Person("bob", "fjord", Role.SELLER, "oslo")
MONA = Person("mona", "fjord", Role.MANAGER, "oslo", leads=True)
CHARLIE = Person("charlie", "fjord", Role.SELLER, "bergen")
LENA = Person("lena", "fjord", Role.LEADER, "bergen")
ADAM = Person("adam", "fjord", Role.ADMIN, "bergen")
DORA = Person("dora", "other", Role.ADMIN, "malmo", leads=True)
CAST = (ALICE, BOB, MONA, CHARLIE, LENA, ADAM, DORA)
TEAMS = {"fjord": ("oslo", "bergen"), "other": ("malmo",)}


async def create_world(session: AsyncSession) -> None:
    password_hash = hash_password(PASSWORD)
    for slug, teams in TEAMS.items():
        organisation_id = known_id(slug)
        session.add(Organisation(id=organisation_id, slug=slug, name=slug.capitalize()))
        await session.flush()
        await enter_organisation(session, organisation_id)
        await prepare_organisation(session, organisation_id)
        session.add_all(
            Team(organisation_id=organisation_id, id=known_id(team), name=team.capitalize()) for team in teams
        )
        await session.flush()
        for person in CAST:
            if person.organisation == slug:
                await _add_person(session, person, password_hash)


async def _add_person(session: AsyncSession, person: Person, password_hash: str) -> None:
    identity_id = known_id(person.email)
    session.add(
        Identity(
            id=identity_id,
            email=person.email,
            password_hash=password_hash,
            organisation_ids=[person.organisation_id],
        )
    )
    await session.flush()
    organisation = {"organisation_id": person.organisation_id}
    session.add(User(**organisation, id=person.id, identity_id=identity_id, name=person.name, role=person.role))
    session.add(
        UserSession(token_hash=hash_token(person.token), identity_id=identity_id, user_id=person.id, **organisation)
    )
    await session.flush()
    session.add(TeamMember(**organisation, team_id=person.team_id, user_id=person.id, leads=person.leads))
    await session.flush()
