"""Two cases of one deal: who saves its facts second sees both, whichever case they come from."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import create_key
from app.cases.models import Case
from app.core.config import Settings
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.postgres.databases import Database
from app.core.tenancy import organisation_session
from app.embeddings.slot import ModelSlot
from app.main import attach, create_app
from tests.conftest import BASE_URL, SECRET_KEY, OpenApi
from tests.factories import create_case
from tests.world import ALICE, BOB

TOGETHER = 5


async def create_cases(session: AsyncSession) -> tuple[Case, Case]:
    """Alice's case and Bob's case of the same deal."""
    first = await create_case(session, deal={"source": "hubspot", "external_id": "1"})
    second = await create_case(session, owner=BOB, title="The board wants a pilot")
    second.deal_id = first.deal_id
    await session.flush()
    return first, second


def facts(amount: str, version: int | str = 1) -> dict[str, str]:
    deal = {"customer": "Havnelast AS", "source": "hubspot", "external_id": "1", "currency": "NOK"}
    return deal | {"amount": amount, "version": str(version)}


async def test_the_second_form_shows_both_and_then_takes_the_choice(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    first, second = await create_cases(session)
    assert (await alice.post(f"/cases/{first.id}/edit/deal", data=facts("480000"))).status_code == 303
    path = f"/cases/{second.id}/edit/deal"
    stale = await bob.post(path, data=facts("520000"))
    assert stale.status_code == 412
    assert "480000" in stale.text
    assert 'value="520000"' in stale.text
    assert f"Saved meanwhile by {ALICE.name}" in stale.text
    version = re.search(r'name="version" value="(\d+)"', stale.text)
    assert version is not None
    assert (await bob.post(path, data=facts("520000", version[1]))).status_code == 303
    assert "520,000" in (await alice.get(f"/cases/{first.id}")).text


async def test_the_same_facts_are_no_quarrel(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    first, second = await create_cases(session)
    for browser, case in ((alice, first), (bob, second)):
        assert (await browser.post(f"/cases/{case.id}/edit/deal", data=facts("480000"))).status_code == 303


async def test_a_program_with_the_etag_from_before_is_refused(session: AsyncSession, open_api: OpenApi) -> None:
    first, second = await create_cases(session)
    alice, bob = await open_api(ALICE), await open_api(BOB)
    mine, theirs = f"/api/v1/cases/{first.id}", f"/api/v1/cases/{second.id}"
    before = (await bob.get(theirs)).headers["ETag"]
    change = {"deal": {"amount": "480000"}}
    assert (await alice.patch(mine, json=change, headers={"If-Match": '"1"'})).status_code == 200
    change = {"deal": {"amount": "520000"}}
    assert (await bob.patch(theirs, json=change)).status_code == 428
    stale = await bob.patch(theirs, json=change, headers={"If-Match": before})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    read = await bob.get(theirs)
    assert read.json()["deal"]["amount"] == "480000.00"
    assert read.headers["ETag"] != before
    assert (await bob.patch(theirs, json=change, headers={"If-Match": read.headers["ETag"]})).status_code == 200


async def test_the_story_leaves_the_other_case_alone(session: AsyncSession, open_api: OpenApi) -> None:
    first, second = await create_cases(session)
    alice, bob = await open_api(ALICE), await open_api(BOB)
    change = {"situation": "They answered."}
    assert (await alice.patch(f"/api/v1/cases/{first.id}", json=change, headers={"If-Match": '"1"'})).status_code == 200
    assert (await bob.get(f"/api/v1/cases/{second.id}")).headers["ETag"] == '"1"'


@pytest.fixture
async def committed(committed_database: Database) -> AsyncIterator[SessionFactory]:
    engine = create_engine(committed_database.app_url)
    yield create_session_factory(engine)
    await engine.dispose()


@pytest.fixture
async def client(committed: SessionFactory, committed_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A program whose every request is a transaction of its own, acting as whom the request names."""
    async with organisation_session(committed, ALICE.organisation_id) as session:
        _key, token = await create_key(
            session,
            ALICE.organisation_id,
            name="CRM",
            scopes=["cases:write", "deals:write", "act-as"],
            created_by_id=None,
        )
    settings = Settings(DATABASE_URL=committed_database.app_url, secret_key=SECRET_KEY, base_url=BASE_URL)
    app = create_app(settings)
    attach(app, settings, committed, ModelSlot(None))
    bearer = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE_URL, headers=bearer) as client:
        yield client


async def test_of_many_at_once_one_wins_and_nobody_hangs(committed: SessionFactory, client: httpx.AsyncClient) -> None:
    async with organisation_session(committed, ALICE.organisation_id) as session:
        cases = await create_cases(session)

    async def change(case: Case, number: int) -> int:
        headers = {"Unstuck-Act-As": str(case.owner_id), "If-Match": '"1"'}
        body = {"deal": {"amount": str(1000 + number)}}
        return (await client.patch(f"/api/v1/cases/{case.id}", json=body, headers=headers)).status_code

    statuses = await asyncio.gather(*(change(case, n) for n in range(TOGETHER) for case in cases))
    assert sorted(statuses) == [200] + [412] * (2 * TOGETHER - 1)


async def test_of_many_that_send_a_new_deal_one_makes_it_and_one_makes_its_case(client: httpx.AsyncClient) -> None:
    path = "/api/v1/deals/hubspot/1"
    sent = await asyncio.gather(*(client.put(path, json={"title": f"Offer {n}"}) for n in range(TOGETHER)))
    assert sorted(answer.status_code for answer in sent) == [200] * (TOGETHER - 1) + [201]
    alice = {"Unstuck-Act-As": ALICE.email}
    started = await asyncio.gather(*(client.post(f"{path}/case", json={}, headers=alice) for _n in range(TOGETHER)))
    assert sorted(answer.status_code for answer in started) == [404] * TOGETHER, "it is nobody's yet"
    await client.put(path, json={"owner": ALICE.email})
    started = await asyncio.gather(*(client.post(f"{path}/case", json={}, headers=alice) for _n in range(TOGETHER)))
    assert sorted(answer.status_code for answer in started) == [200] * (TOGETHER - 1) + [201]
    assert len({answer.json()["id"] for answer in started}) == 1
