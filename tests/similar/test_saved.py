"""Searches that are kept, told of, and noted where they found nothing."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.cases.models import Case, Visibility
from app.core.db import SessionFactory
from app.core.jobs import Follower, JobEnvironment
from app.core.tenancy import enter_organisation
from app.embeddings.slot import ModelSlot
from app.notifications.models import Kind, Notification
from app.notifications.searches import tell_what_is_found
from app.similar.jobs import forget_old_searches
from app.similar.models import SavedSearch, UnansweredSearch
from app.similar.saved.service import SAVED_LIMIT
from tests.conftest import OpenApi, SignIn
from tests.factories import create_resolved_case
from tests.similar.conftest import Index
from tests.world import ALICE, BOB, DORA, LENA

GIBBERISH = "vannkraftverk turbinblad kavitasjon dykkerrobot"
CHAMPION_LEFT = "The buyer who wanted us has quit, and the successor never answers."


async def find_told(session: AsyncSession) -> list[tuple[UUID, UUID]]:
    """Who is told of which case."""
    rows = await session.execute(
        select(Notification.user_id, Notification.case_id).where(Notification.kind == Kind.SEARCH_FOUND)
    )
    return [(row.user_id, row.case_id) for row in rows]


@pytest.fixture
def environment(session_factory: SessionFactory, full: FastAPI) -> JobEnvironment:
    return JobEnvironment(session_factory, {ModelSlot: full.state.model_slot})


async def work(job: Follower, environment: JobEnvironment, session: AsyncSession) -> None:
    """The job goes through every organisation; the test goes on in its own."""
    await job(environment)
    await enter_organisation(session, BOB.organisation_id)


async def move(session: AsyncSession, case: Case, ago: timedelta) -> None:
    await session.execute(update(Case).where(Case.id == case.id).values(moved_at=datetime.now(UTC) - ago))


async def save(session: AsyncSession, client: httpx.AsyncClient, text: str) -> None:
    """As long ago as yesterday."""
    assert (await client.post("/searches", data={"q": text})).status_code == 303
    await session.execute(update(SavedSearch).values(checked_at=datetime.now(UTC) - timedelta(days=1)))


async def test_a_search_with_its_filters_is_saved_as_it_would_be_typed(
    session: AsyncSession, bob: httpx.AsyncClient, cases: dict[str, Case]
) -> None:
    page = (
        await bob.get("/search", params={"q": "the  buyer left", "obstacle": "champion_left", "language": "sv"})
    ).text
    [text] = re.findall(r'name="q" value="([^"]*)">\s*<button[^>]*>Save this search', page)
    assert text == "the buyer left reason:champion_left lang:sv"
    saved = await bob.post("/searches", data={"q": text})
    again = await bob.get(saved.headers["location"])
    assert "Saved: you are told of what is new" in again.text
    assert text in (await bob.get("/searches")).text


async def test_saving_twice_keeps_one_and_fifty_are_enough(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    for number in [*range(SAVED_LIMIT), 0]:
        assert (await bob.post("/searches", data={"q": f"silent {number}"})).status_code == 303
    refused = await bob.post("/searches", data={"q": "one more"})
    assert refused.status_code == 409
    assert "take one away first" in refused.text
    assert len((await session.scalars(select(SavedSearch))).all()) == SAVED_LIMIT


@pytest.mark.parametrize("text", ["", " ", "x" * 401])
async def test_a_search_that_is_none_is_not_saved(text: str, session: AsyncSession, bob: httpx.AsyncClient) -> None:
    assert (await bob.post("/searches", data={"q": text})).status_code == 422
    assert await session.scalar(select(SavedSearch)) is None


async def test_whose_it_is_takes_it_away_and_nobody_else(
    session: AsyncSession, bob: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await bob.post("/searches", data={"q": "silent"})
    search_id = await session.scalar(select(SavedSearch.id))
    for other in (ALICE, LENA, DORA):
        assert (await (await sign_in(other)).post(f"/searches/{search_id}/delete")).status_code == 404
    assert "silent" not in (await (await sign_in(ALICE)).get("/searches")).text
    assert (await bob.post(f"/searches/{search_id}/delete")).status_code == 303
    assert await session.scalar(select(SavedSearch)) is None


async def test_what_is_new_is_told_once_and_to_whom_it_is_new(
    session: AsyncSession,
    cases: dict[str, Case],
    index: Index,
    environment: JobEnvironment,
    bob: httpx.AsyncClient,
    alice: httpx.AsyncClient,
) -> None:
    for client in (bob, alice):
        await save(session, client, CHAMPION_LEFT)
    for case in cases.values():
        await move(session, case, timedelta(days=9))
    new = cases["left_sv"]
    await move(session, new, timedelta(hours=1))
    await work(tell_what_is_found, environment, session)
    assert await find_told(session) == [(BOB.id, new.id)], "Alice's own is no news to her"
    page = (await bob.get("/notifications")).text
    assert "New for your search “The buyer who wanted us has quit" in page
    assert new.title in page
    await session.execute(update(Notification).values(read_at=datetime.now(UTC)))
    await work(tell_what_is_found, environment, session)
    assert await session.scalar(select(Notification.read_at)) is not None, "told once"


async def test_what_came_a_moment_ago_is_told_in_the_next_round(
    session: AsyncSession, cases: dict[str, Case], environment: JobEnvironment, bob: httpx.AsyncClient
) -> None:
    """It may not have been read for search yet."""
    await save(session, bob, CHAMPION_LEFT)
    for case in cases.values():
        await move(session, case, timedelta(days=9))
    await move(session, cases["left_sv"], timedelta(seconds=20))
    await work(tell_what_is_found, environment, session)
    assert await find_told(session) == []
    await move(session, cases["left_sv"], timedelta(minutes=3))
    await work(tell_what_is_found, environment, session)
    assert [told for _user, told in await find_told(session)] == [cases["left_sv"].id]


async def test_what_does_not_fit_or_may_not_be_seen_is_not_told(
    session: AsyncSession,
    cases: dict[str, Case],
    index: Index,
    environment: JobEnvironment,
    charlie: httpx.AsyncClient,
) -> None:
    await save(session, charlie, CHAMPION_LEFT)
    await save(session, charlie, "reason:price_or_return lang:en")
    for case in cases.values():
        await move(session, case, timedelta(days=9))
    hidden = await create_resolved_case(
        session,
        title="Our champion left the port",
        situation="The buyer who wanted us has quit, and the successor never answers.",
        visibility=Visibility.TEAM,
    )
    await index(hidden)
    await move(session, hidden, timedelta(hours=1))
    await work(tell_what_is_found, environment, session)
    assert await find_told(session) == []


async def test_whoever_left_is_not_told(
    session: AsyncSession, cases: dict[str, Case], environment: JobEnvironment, bob: httpx.AsyncClient
) -> None:
    await save(session, bob, CHAMPION_LEFT)
    await session.execute(update(User).where(User.id == BOB.id).values(deactivated_at=datetime.now(UTC)))
    await move(session, cases["left_sv"], timedelta(hours=1))
    await work(tell_what_is_found, environment, session)
    assert await find_told(session) == []


async def test_programs_save_list_and_take_away(open_api: OpenApi) -> None:
    api = await open_api(BOB)
    created = await api.post("/api/v1/saved-searches", json={"q": "reason:silent port"})
    assert created.status_code == 201
    again = await api.post("/api/v1/saved-searches", json={"q": "reason:silent port"})
    assert again.json() == created.json()
    listed: dict[str, Any] = (await api.get("/api/v1/saved-searches")).json()
    assert [search["q"] for search in listed["items"]] == ["reason:silent port"]
    path = f"/api/v1/saved-searches/{created.json()['id']}"
    assert (await (await open_api(ALICE)).delete(path)).status_code == 404
    assert (await api.delete(path)).status_code == 204
    assert (await api.delete(path)).status_code == 404


async def test_what_nothing_was_close_to_is_noted_for_the_admin_without_a_name(
    session: AsyncSession,
    full: FastAPI,
    cases: dict[str, Case],
    bob: httpx.AsyncClient,
    adam: httpx.AsyncClient,
    open_api: OpenApi,
) -> None:
    assert "Nothing close enough." in (await bob.get("/search", params={"q": GIBBERISH})).text
    await (await open_api(BOB)).get("/api/v1/search", params={"q": GIBBERISH.upper()})
    await bob.get("/search", params={"q": CHAMPION_LEFT})
    await bob.get("/search", params={"q": "status:trying"})
    noted = (await session.scalars(select(UnansweredSearch.text).order_by(UnansweredSearch.id))).all()
    assert noted == [GIBBERISH, GIBBERISH.upper()]
    page = (await adam.get("/admin/searches")).text
    assert page.count("vannkraftverk") + page.count("VANNKRAFTVERK") == 2, "one line: its text and its address"
    assert "2 times" in page
    assert "Bob" not in page
    assert (await bob.get("/admin/searches")).status_code == 403


async def test_it_is_forgotten_after_three_months(session: AsyncSession, environment: JobEnvironment) -> None:
    now = datetime.now(UTC)
    for days in (89, 91):
        session.add(
            UnansweredSearch(organisation_id=BOB.organisation_id, text=f"{days}", at=now - timedelta(days=days))
        )
    await session.flush()
    await work(forget_old_searches, environment, session)
    assert (await session.scalars(select(UnansweredSearch.text))).all() == ["89"]
