"""The API answers as its own description says, to good input and to bad, about what exists and what does not."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, Organisation, User
from app.accounts.service import create_key
from app.cases.models import (
    Attachment,
    Case,
    Hat,
    Objection,
    Plan,
    PlanStep,
    Question,
    Revision,
    RevisionKind,
)
from app.comments.models import Comment
from app.core.db import create_engine, create_session_factory
from app.core.tenancy import enter_organisation
from app.exports.models import Export, Scope
from app.feed.models import Mark
from app.links.models import CaseLink
from app.notifications.models import Notification
from app.practices.models import Practice
from app.similar import jobs as similar_jobs
from app.similar.models import SavedSearch
from tests.e2e.conftest import Site
from tests.examples import DESCRIPTION

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
]
SCOPES = ["cases:read", "cases:write", "export:read", "act-as"]
SOMEBODY = "kari@nordavind.example"
LONGEST_ADDRESS = 60_000
"""Bytes; what is longer the server's own parser refuses."""
EXISTING_IN = 4
"""Three of so many requests are about something that exists, by its owner, and carry a fresh idempotency key."""


@dataclass(frozen=True)
class Place:
    """Something that exists: the parameters of a path to it, and whose it is."""

    parameters: dict[str, str]
    owner: str


Places = Mapping[frozenset[str], Sequence[Place]]
"""By the names of the parameters."""

schema = schemathesis.openapi.from_dict(DESCRIPTION)
turns = count()


async def list_places(session: AsyncSession) -> Places:
    places: dict[frozenset[str], list[Place]] = defaultdict(list)
    owner = Identity.email.label("owner")
    cases = select(owner, Case.id.label("case_id")).join(User, User.id == Case.owner_id).order_by(Case.id)
    plans = cases.join(Plan, Plan.case_id == Case.id).add_columns(Plan.id.label("plan_id"))
    shared = select(owner, Practice.id.label("practice_id")).join(User, User.id == Practice.solver_id)
    practices = shared.order_by(Practice.id)
    for query in (
        cases,
        cases.join(Question, Question.case_id == Case.id).add_columns(Question.id.label("question_id")),
        cases.join(Hat, Hat.case_id == Case.id).add_columns(Hat.id.label("hat_id")),
        plans,
        plans.join(PlanStep, PlanStep.plan_id == Plan.id).add_columns(PlanStep.id.label("step_id")),
        plans.join(Objection, Objection.plan_id == Plan.id).add_columns(Objection.id.label("objection_id")),
        practices,
        cases.join(Attachment, Attachment.case_id == Case.id).add_columns(Attachment.id.label("attachment_id")),
        cases.join(Revision, Revision.subject_id == Case.id).add_columns(Revision.id.label("revision_id")),
        practices.join(Revision, Revision.subject_id == Practice.id).add_columns(Revision.id.label("revision_id")),
        select(owner, Comment.id.label("comment_id")).join(User, User.id == Comment.author_id).order_by(Comment.id),
        select(owner, Export.id.label("export_id")).join(User, User.id == Export.user_id).order_by(Export.id),
        select(owner, Mark.id.label("mark_id")).join(User, User.id == Mark.user_id).order_by(Mark.id),
        cases.join(CaseLink, CaseLink.case_id == Case.id).add_columns(CaseLink.id.label("link_id")),
        select(owner, SavedSearch.id.label("search_id")).join(User, User.id == SavedSearch.user_id),
        select(owner, Notification.id.label("notification_id"))
        .join(User, User.id == Notification.user_id)
        .order_by(Notification.id),
        select(owner, Case.id.label("match_id")).join(User, User.id == Case.owner_id).order_by(Case.id),
    ):
        for row in (await session.execute(query.join(Identity, Identity.id == User.identity_id))).mappings():
            parameters = {str(name): str(value) for name, value in row.items() if name != "owner"}
            places[frozenset(parameters)].append(Place(parameters, row["owner"]))
    return places


async def add_what_the_demo_lacks(session: AsyncSession, organisation_id: UUID) -> None:
    """A file on a case, earlier texts of a case and a practice, a saved search, and an export somebody asked for."""
    case = (await session.scalars(select(Case).where(Case.posted_at.is_not(None)).order_by(Case.id).limit(1))).one()
    now = datetime.now(UTC)
    added = {"organisation_id": organisation_id}
    session.add(
        Attachment(
            **added,
            case_id=case.id,
            name="offer.txt",
            media_type="text/plain",
            size=5,
            content=b"offer",
            added_by_id=case.owner_id,
            added_at=now,
        )
    )
    texts = {"title": "Quiet after the demo"}
    practice = (await session.scalars(select(Practice).order_by(Practice.id).limit(1))).one()
    story = {"kind": RevisionKind.STORY, "subject_id": case.id, "case_id": case.id}
    advice = {"kind": RevisionKind.PRACTICE, "subject_id": practice.id, "case_id": practice.case_id}
    session.add_all([Revision(**added, **place, texts=texts, user_id=None, at=now) for place in (story, advice)])
    asked = {"scope": Scope.PERSON, "user_id": case.owner_id, "principal_id": case.owner_id}
    session.add(Export(**added, **asked, created_at=now, finished_at=now))
    session.add(SavedSearch(**added, user_id=case.owner_id, text="reason:silent", created_at=now, checked_at=now))
    await session.flush()


async def _prepare(site: Site) -> tuple[str, Places]:
    engine = create_engine(site.database.app_url)
    async with create_session_factory(engine)() as session, session.begin():
        organisation = (await session.scalars(select(Organisation).where(Organisation.is_demo))).one()
        await enter_organisation(session, organisation.id)
        _key, token = await create_key(session, organisation.id, name="contract", scopes=SCOPES, created_by_id=None)
        await add_what_the_demo_lacks(session, organisation.id)
        places = await list_places(session)
    await engine.dispose()
    return token, places


async def _leave_unread(*_case: object) -> int:
    return 0


@pytest.fixture(scope="module", autouse=True)
def unread() -> Iterator[None]:
    """What is written here is nonsense by the thousand: reading all of it for search took most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similar_jobs, "refresh_case", _leave_unread)
        yield


@pytest.fixture(scope="module")
def prepared(site: Site) -> tuple[str, Places]:
    return asyncio.run(_prepare(site))


@pytest.fixture(scope="module")
def headers(prepared: tuple[str, Places]) -> dict[str, str]:
    return {"Authorization": f"Bearer {prepared[0]}", "Unstuck-Act-As": SOMEBODY}


@pytest.fixture(scope="module")
def places(prepared: tuple[str, Places]) -> Places:
    return prepared[1]


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url) as client:
        yield client


def is_id(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


def go_to_something(
    case: schemathesis.Case[Any], places: Places, client: httpx.Client, headers: dict[str, str]
) -> dict[str, str]:
    """Let the request be about something that exists, where its parameters are ids; the headers of its owner."""
    if case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = uuid4().hex
    parameters = case.path_parameters
    if not parameters or not all(is_id(value) for value in parameters.values()):
        return headers
    known = places[frozenset(parameters)]
    place = known[next(turns) % len(known)]
    case.path_parameters = dict(place.parameters)
    headers = headers | {"Unstuck-Act-As": place.owner}
    if case.headers.get("If-Match"):
        found = client.get(case.formatted_path, headers=headers)
        case.headers["If-Match"] = found.headers.get("ETag", case.headers["If-Match"])
    return headers


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_operation_answers_what_it_does_not_document(
    case: schemathesis.Case[Any], site: Site, client: httpx.Client, headers: dict[str, str], places: Places
) -> None:
    assume(len(urlencode(case.query or {}, doseq=True)) < LONGEST_ADDRESS)
    if next(turns) % EXISTING_IN:
        headers = go_to_something(case, places, client, headers)
    case.call_and_validate(base_url=site.url, headers=headers, checks=CHECKS)
