from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import OrganisationName, Viewer
from app.cases.models import HatStatus, Visibility
from app.cases.waiting import list_waiting
from app.cases.workflow import State
from app.core.clock import read_clock
from app.core.errors import BadRequest
from app.core.pagination import Cursor
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_hat, create_plan, create_question, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, MONA, Person


async def titles(api: httpx.AsyncClient, **params: Any) -> list[str]:
    response = await api.get("/api/v1/cases", params=params)
    assert response.status_code == 200, response.text
    return [case["title"] for case in response.json()["items"]]


async def test_tabs_tell_mine_from_my_teams_and_all(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    await create_case(session, title="Mine")
    await create_case(session, owner=BOB, title="My team's")
    await create_case(session, owner=CHARLIE, title="Far away", visibility=Visibility.EVERYONE)
    await create_case(session, owner=CHARLIE, title="Hidden")
    shown = {whose: (await alice.get("/cases", params={"whose": whose})).text for whose in ("mine", "teams", "all")}
    present = {
        whose: [title for title in ("Mine", "My team&#39;s", "Far away", "Hidden") if f">{title}</a>" in text]
        for whose, text in shown.items()
    }
    assert present == {
        "mine": ["Mine"],
        "teams": ["Mine", "My team&#39;s"],
        "all": ["Mine", "My team&#39;s", "Far away"],
    }


async def test_each_role_first_sees_what_it_works_with(
    session: AsyncSession, alice: httpx.AsyncClient, mona: httpx.AsyncClient, lena: httpx.AsyncClient
) -> None:
    await create_case(session, owner=BOB, title="Bob's", visibility=Visibility.EVERYONE)
    shown = ["Bob&#39;s" in (await browser.get("/cases")).text for browser in (alice, mona, lena)]
    assert shown == [False, True, True]


async def test_filters_narrow_the_list(session: AsyncSession, open_api: OpenApi) -> None:
    await create_case(session, title="Old and silent", moved_at=read_clock() - timedelta(days=40))
    await create_case(
        session, title="New and dear", obstacles=("price_or_return", "silent"), moved_at=read_clock(), owner=BOB
    )
    await create_case(session, title="Withdrawn", state=State.WITHDRAWN)
    api = await open_api(ALICE)
    assert await titles(api, obstacle="price_or_return") == ["New and dear"]
    assert await titles(api, owner_id=str(BOB.id)) == ["New and dear"]
    assert await titles(api, unmoved_days=30) == ["Old and silent"]
    assert await titles(api, state="withdrawn") == ["Withdrawn"]
    assert await titles(api, state=["investigating", "withdrawn"], owner_id=str(ALICE.id)) == [
        "Withdrawn",
        "Old and silent",
    ]
    assert await titles(api, team_id=str(CHARLIE.team_id)) == []
    for bad in ({"state": "stuck"}, {"limit": 0}, {"obstacle": "a\u0000"}, {"updated_since": "yesterday"}):
        assert (await api.get("/api/v1/cases", params=bad)).status_code == 422
    assert (await api.get("/api/v1/cases", params={"cursor": "nonsense"})).status_code == 400


async def test_list_says_what_is_awaited(session: AsyncSession, open_api: OpenApi) -> None:
    asked = await create_case(session, title="Asked")
    await create_question(session, asked)
    await create_case(session, title="Unasked")
    skipped = await create_case(session, title="Skipped", skip_questions_reason="We sparred.")
    choosing = await create_case(session, title="Choosing", state=State.CREATING)
    await create_plan(session, choosing, "A")
    await create_plan(session, choosing, "B")
    await create_case(session, title="Trying", state=State.TRYING)
    await create_resolved_case(session, title="Resolved")
    await create_case(session, title="Withdrawn", state=State.WITHDRAWN)
    api = await open_api(ALICE)
    cases = (await api.get("/api/v1/cases")).json()["items"]
    assert {case["title"]: case["awaits"] for case in cases} == {
        "Asked": "answer",
        "Unasked": "question",
        "Skipped": "plan",
        "Choosing": "choice",
        "Trying": "outcome",
        "Resolved": "sharing",
        "Withdrawn": None,
    }
    assert await titles(api, awaits="plan") == [skipped.title]


async def test_pages_follow_each_other_without_gap_or_repetition(session: AsyncSession, open_api: OpenApi) -> None:
    for number in range(7):
        await create_case(session, title=f"Case {number}", moved_at=NOW + timedelta(days=number // 2))
    api = await open_api(ALICE)
    found: list[str] = []
    cursor = None
    for _page in range(4):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        body = (await api.get("/api/v1/cases", params=params)).json()
        found += [case["title"] for case in body["items"]]
        cursor = body["next_cursor"]
    assert cursor is None
    assert sorted(found) == [f"Case {number}" for number in range(7)]
    with pytest.raises(BadRequest):
        Cursor.decode("nonsense")


async def test_what_changed_since_comes_oldest_first(session: AsyncSession, open_api: OpenApi) -> None:
    for number in range(3):
        await create_case(session, title=f"Case {number}", updated_at=NOW + timedelta(hours=number))
    api = await open_api(ALICE)
    since = (NOW + timedelta(hours=1)).isoformat()
    assert await titles(api, updated_since=since) == ["Case 1", "Case 2"]
    first = (await api.get("/api/v1/cases", params={"updated_since": since, "limit": 1})).json()
    assert await titles(api, updated_since=since, limit=1, cursor=first["next_cursor"]) == ["Case 2"]


async def test_filters_of_the_page_stand_in_the_address(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    for number in range(26):
        await create_case(session, title=f"Case {number}", moved_at=NOW + timedelta(minutes=number))
    page = await alice.get("/cases", params={"state": "open", "obstacle": "silent", "owner": "", "age": ""})
    assert page.text.count("data-row") == 25
    assert "state=open&amp;obstacle=silent&amp;cursor=" in page.text
    assert "No case fits" in (await alice.get("/cases", params={"state": "shared"})).text
    assert (await alice.get("/cases", params={"state": "stuck"})).status_code == 422


def viewer_of(person: Person) -> Viewer:
    return Viewer(
        organisation=OrganisationName(person.organisation_id, "Fjord", "fjord"),
        user_id=person.id,
        team_ids=(person.team_id,),
        led_team_ids=(person.team_id,) if person.leads else (),
    )


async def test_waiting_lists_what_the_person_can_do_oldest_first(session: AsyncSession) -> None:
    today = read_clock().date()
    asked = await create_case(session, title="Asked")
    await create_question(session, asked)
    await create_question(session, asked, answer="Answered.")
    tried = await create_case(session, title="Tried", state=State.TRYING, follow_up_on=today - timedelta(days=1))
    late = await create_case(session, title="Late", state=State.TRYING)
    late.chosen_plan_id = (await create_plan(session, late, switch_on=today - timedelta(days=2))).id
    await create_resolved_case(session, title="Unshared", resolved_at=read_clock() - timedelta(days=9))
    await create_resolved_case(session, title="Just resolved", resolved_at=read_clock())
    hidden = await create_case(session, owner=CHARLIE, title="Hidden", visibility=Visibility.RESTRICTED)
    await create_hat(session, hidden, ALICE, status=HatStatus.ASKED)
    await session.flush()
    found = await list_waiting(session, viewer_of(ALICE), today)
    assert {(item.kind, item.title) for item in found} == {
        ("question", "Asked"),
        ("outcome", "Tried"),
        ("switch", "Late"),
        ("sharing", "Unshared"),
        ("hat", ""),
    }
    assert [item.since for item in found] == sorted(item.since for item in found)
    assert await list_waiting(session, viewer_of(MONA), today) == []
    assert tried.owner_id == ALICE.id
