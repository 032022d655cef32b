"""The feed for feed readers and what is due for calendars, at private addresses."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import feedparser
import httpx
import pytest
from icalendar import Calendar
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.cases.models import PlanStep, Visibility
from app.cases.workflow import State
from app.feed.models import PrivateAddress
from tests.conftest import SignIn
from tests.factories import NOW, create_case, create_practice, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE

TODAY = NOW.date()


async def make(browser: httpx.AsyncClient, outlet: str) -> str:
    """The path of a new address, as its page shows it once."""
    page = (await browser.post("/addresses", data={"outlet": outlet})).text
    [address] = re.findall(r'class="address">([^<]+)<', page)
    assert address not in (await browser.get("/addresses")).text
    return "/" + str(address).split("/", 3)[3]


async def read_feed(visitor: httpx.AsyncClient, path: str) -> Any:
    answer = await visitor.get(path)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    found = feedparser.parse(answer.content)
    assert not found.bozo, found.get("bozo_exception")
    return found


async def read_calendar(visitor: httpx.AsyncClient, path: str) -> list[tuple[str, Any]]:
    answer = await visitor.get(path)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return [
        (str(event["summary"]), event.decoded("dtstart")) for event in Calendar.from_ical(answer.content).walk("VEVENT")
    ]


async def test_a_feed_reader_reads_with_the_rights_of_whose_address_it_is(
    session: AsyncSession, visitor: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    hostile = 'Quiet <script>alert(1)</script> & "more"'
    case = await create_resolved_case(session, visibility=Visibility.TEAM)
    practice = await create_practice(session, case, title=hostile)
    await create_resolved_case(session, title="Of another team", visibility=Visibility.TEAM)
    feed = await read_feed(visitor, await make(charlie, "feed"))
    assert [entry.id for entry in feed.entries] == [f"urn:uuid:{practice.id}"]
    [entry] = feed.entries
    assert entry.link.endswith(f"/practices/{practice.id}")
    assert entry.author == "Alice Fjord"
    assert "silent" in {tag.term for tag in entry.tags}
    assert "<script>" not in (await visitor.get(await make(charlie, "feed"))).text


async def test_the_feed_takes_the_filters_of_the_start_page(
    session: AsyncSession, visitor: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await create_resolved_case(session, title="Silent", visibility=Visibility.EVERYONE)
    await create_resolved_case(session, title="Left", obstacles=("champion_left",), visibility=Visibility.EVERYONE)
    path = await make(bob, "feed")
    assert {entry.title for entry in (await read_feed(visitor, path)).entries} == {"Silent", "Left"}
    narrowed = await read_feed(visitor, f"{path}?obstacle=champion_left")
    assert [entry.title for entry in narrowed.entries] == ["Left"]
    assert (await read_feed(visitor, f"{path}?scope=me")).entries == []


async def test_a_calendar_holds_own_steps_and_dates_of_cases_being_tried(
    session: AsyncSession, visitor: httpx.AsyncClient, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(
        session, title="The port", state=State.TRYING, follow_up_on=TODAY + timedelta(days=9)
    )
    step = {"organisation_id": case.organisation_id, "plan_id": case.chosen_plan_id, "due_on": TODAY}
    session.add_all(
        [
            PlanStep(**step, position=8, text="Call the port", owner_id=BOB.id),
            PlanStep(**step, position=9, text="Already done", owner_id=BOB.id, done_at=NOW),
        ]
    )
    await create_resolved_case(session, title="Known", owner=BOB, follow_up_on=TODAY)
    await session.flush()
    assert await read_calendar(visitor, await make(bob, "calendar")) == [("Call the port · The port", TODAY)]
    mine = await read_calendar(visitor, await make(alice, "calendar"))
    assert ("Tell how it went · The port", TODAY + timedelta(days=9)) in mine
    assert all("Call the port" not in summary for summary, _day in mine)


async def test_a_step_on_a_case_that_may_not_be_read_any_more_is_not_told(
    session: AsyncSession, visitor: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session, state=State.TRYING, visibility=Visibility.TEAM)
    step = {"organisation_id": case.organisation_id, "plan_id": case.chosen_plan_id, "due_on": TODAY}
    session.add(PlanStep(**step, position=9, text="Hidden", owner_id=CHARLIE.id))
    await session.flush()
    assert await read_calendar(visitor, await make(charlie, "calendar")) == []


@pytest.mark.parametrize("outlet", ["feed", "calendar"])
async def test_an_address_works_until_it_is_replaced_or_ended(
    outlet: str, session: AsyncSession, visitor: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    first = await make(bob, outlet)
    second = await make(bob, outlet)
    assert (await visitor.get(first)).status_code == 404
    assert (await visitor.get(second)).status_code == 200
    assert (await session.scalars(select(PrivateAddress.used_on))).one() is not None
    assert second.rpartition(".")[2] not in str((await session.execute(select(PrivateAddress.token_hash))).all())
    assert (await bob.post("/addresses/end", data={"outlet": outlet})).status_code == 303
    assert (await visitor.get(second)).status_code == 404


async def test_who_has_left_reads_nothing_more(
    session: AsyncSession, visitor: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    path = await make(bob, "feed")
    await session.execute(update(User).where(User.id == BOB.id).values(deactivated_at=NOW))
    assert (await visitor.get(path)).status_code == 404


async def test_an_address_opens_nothing_else(
    session: AsyncSession, visitor: httpx.AsyncClient, bob: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await create_case(session)
    feed = await make(bob, "feed")
    token = feed.rpartition("/")[2]
    other = f"{uuid4().hex}.{token.partition('.')[2]}"
    for path in (f"/calendars/{token}", f"/feeds/{other}", "/feeds/x", f"/feeds/{ALICE.organisation_id.hex}."):
        assert (await visitor.get(path)).status_code == 404
    assert (await visitor.get("/addresses")).status_code == 303
    assert (await bob.post("/addresses", data={"outlet": "telex"})).status_code == 422
