"""Loads the demo organisation into an empty database: people, teams and the cases of `cases/`."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation
from app.accounts.service import add_member, create_organisation, create_team, create_user
from app.cases.models import Case, Code, CodeKind
from app.cases.service import prepare_organisation
from app.core.db import SessionFactory, new_id
from app.demo.case_loader import CaseLoader
from app.demo.content import LINKED, NEWS, ORGANISATION, PASSWORD, PEOPLE, TEAMS, read_cases
from app.demo.scene import Scene
from app.demo.telling import tell_people
from app.feed.models import Mark, News, NewsDecision, Purpose
from app.links.models import CaseLink, LinkKind
from app.practices.models import Audience, Practice


async def seed_demo(factory: SessionFactory) -> int:
    """Load the demo in one transaction; the number of its cases."""
    async with factory() as session, session.begin():
        organisation = await create_organisation(session, *ORGANISATION, is_demo=True)
        await prepare_organisation(session, organisation.id)
        scene = await _create_people(session, organisation)
        cases = read_cases()
        for content in cases:
            await CaseLoader(session, scene, content).load()
        await _follow(session, scene)
        await _link(session, scene)
        _spread_news(session, scene)
        await tell_people(session, scene.now)
        return len(cases)


async def _follow(session: AsyncSession, scene: Scene) -> None:
    """What Kari follows and has bookmarked."""
    kari = {"organisation_id": scene.organisation_id, "user_id": scene.users["kari"], "at": scene.now}
    practice = select(Practice.id).where(Practice.audience == Audience.EVERYONE).order_by(Practice.id).limit(1)
    session.add_all(
        [
            Mark(**kari, purpose=Purpose.FOLLOW, code_id=scene.codes[CodeKind.OBSTACLE, "champion_left"]),
            Mark(**kari, purpose=Purpose.FOLLOW, person_id=scene.users["anders"]),
            Mark(**kari, purpose=Purpose.BOOKMARK, practice_id=(await session.scalars(practice)).one()),
        ]
    )


async def _link(session: AsyncSession, scene: Scene) -> None:
    case_id, other_id = [(await session.scalars(select(Case.id).where(Case.title == title))).one() for title in LINKED]
    pair = {"case_id": case_id, "other_id": other_id, "kind": LinkKind.RELATED}
    made = {"made_by_id": scene.users["kari"], "at": scene.days_ago(2)}
    session.add(CaseLink(organisation_id=scene.organisation_id, **pair, **made))


def _spread_news(session: AsyncSession, scene: Scene) -> None:
    """News that one manager has passed on, and that still waits for the others."""
    organisation = {"organisation_id": scene.organisation_id}
    for piece in NEWS:
        at = scene.days_ago(piece.days_ago)
        about = {"title": piece.title, "text": piece.text, "language": piece.language}
        code_id = scene.codes[CodeKind.OBSTACLE, piece.obstacle]
        news = News(**organisation, id=new_id(), author_id=scene.users[piece.author], code_id=code_id, at=at, **about)
        session.add(news)
        for team, by, comment in piece.passed:
            decided = {"team_id": scene.teams[team], "decided_by_id": scene.users[by], "comment": comment}
            session.add(NewsDecision(**organisation, news_id=news.id, passes=True, at=at, **decided))


async def _create_people(session: AsyncSession, organisation: Organisation) -> Scene:
    teams = {key: await create_team(session, organisation.id, name) for key, name in TEAMS.items()}
    users = {}
    for person in PEOPLE:
        user = await create_user(
            session, organisation, person.name, person.email, person.role, password=PASSWORD, language=person.language
        )
        users[person.key] = user.id
        for team in person.teams:
            await add_member(session, teams[team], user, leads=person.role == "manager")
    codes = (await session.scalars(select(Code))).all()
    return Scene(
        organisation_id=organisation.id,
        users=users,
        teams={key: team.id for key, team in teams.items()},
        codes={(CodeKind(code.kind), code.key): code.id for code in codes},
        now=datetime.now(UTC),
    )
