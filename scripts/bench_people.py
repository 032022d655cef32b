"""People beside those of the demo: signed in, in a team, with things they follow and were told of."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, Role, Team, TeamMember, User, UserSession
from app.cases.models import Case, Code, CodeKind, Visibility
from app.core.db import new_id
from app.core.security import create_token, hash_token
from app.feed.models import Mark, Purpose
from app.notifications.models import Kind, Notification

PEOPLE = 200
FOLLOWED_OF_EACH = 3
"""Obstacles, people, cases: so many of each."""
TOLD = 100
UNREAD_SHARE = 0.2
TOLD_OF = (Kind.CASE_POSTED, Kind.CASE_RESOLVED, Kind.CASE_SHARED, Kind.CASE_REOPENED)


async def add_people(session: AsyncSession, organisation_id: UUID, count: int = PEOPLE) -> list[str]:
    """The tokens of their browsers."""
    source = random.Random(17)  # noqa: S311 - repeatable, not secret.
    teams = (await session.scalars(select(Team.id).order_by(Team.id))).all()
    known = (await session.scalars(select(User.id).order_by(User.id))).all()
    obstacles = (await session.scalars(select(Code.id).where(Code.kind == CodeKind.OBSTACLE))).all()
    shown = select(Case.id).where(Case.posted_at.is_not(None), Case.visibility == Visibility.EVERYONE)
    cases = (await session.scalars(shown.order_by(Case.id).limit(2_000))).all()
    within = {"organisation_id": organisation_id}
    people = [(new_id(), new_id(), create_token()) for _ in range(count)]
    rows: dict[type[Any], list[dict[str, Any]]] = {
        Identity: [
            {"id": identity, "email": f"bench-{number}@example.com", "organisation_ids": [organisation_id]}
            for number, (identity, _user, _token) in enumerate(people)
        ],
        User: [
            {**within, "id": user, "identity_id": identity, "name": f"Bench {number}", "role": Role.SELLER}
            for number, (identity, user, _token) in enumerate(people)
        ],
        TeamMember: [
            {**within, "id": new_id(), "user_id": user, "team_id": source.choice(teams)} for _i, user, _t in people
        ],
        UserSession: [
            {**within, "token_hash": hash_token(token), "identity_id": identity, "user_id": user}
            for identity, user, token in people
        ],
        Mark: [
            {**within, **mark}
            for _i, user, _t in people
            for mark in _follow(source, user, {"code_id": obstacles, "person_id": known, "case_id": cases})
        ],
        Notification: [{**within, **told} for _i, user, _t in people for told in _tell(source, user, known, cases)],
    }
    for model, values in rows.items():
        await session.execute(insert(model), values)
    return [token for _identity, _user, token in people]


def _follow(source: random.Random, user: UUID, subjects: dict[str, Sequence[UUID]]) -> Iterator[dict[str, Any]]:
    empty = dict.fromkeys(("person_id", "team_id", "code_id", "tag", "case_id", "practice_id"))
    for column, ids in subjects.items():
        for subject in source.sample(list(ids), FOLLOWED_OF_EACH):
            mark = {"id": new_id(), "user_id": user, "purpose": Purpose.FOLLOW, "at": datetime.now(UTC)}
            yield mark | empty | {column: subject}


def _tell(source: random.Random, user: UUID, people: Sequence[UUID], cases: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    for case in source.sample(list(cases), TOLD):
        at = datetime.now(UTC) - timedelta(minutes=source.randrange(80 * 24 * 60))
        yield {
            "id": new_id(),
            "user_id": user,
            "kind": source.choice(TOLD_OF),
            "case_id": case,
            "practice_id": None,
            "subject_id": case,
            "actor_id": source.choice(list(people)),
            "at": at,
            "read_at": None if source.random() < UNREAD_SHARE else at,
        }
