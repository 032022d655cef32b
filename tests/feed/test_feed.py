from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Visibility
from app.cases.workflow import State
from app.practices.models import Audience, Trust
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_hat, create_practice, create_question, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA


async def read_all(api: httpx.AsyncClient, limit: int = 2, query: str = "") -> list[str]:
    titles: list[str] = []
    cursor = ""
    while True:
        page = (await api.get(f"/api/v1/feed?limit={limit}&cursor={cursor}{query}")).json()
        assert len(page["items"]) <= limit
        titles += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            return titles


async def fill(session: AsyncSession, count: int) -> list[str]:
    """Resolved cases and practices in turn, several at the same moment; titles in the order of the feed."""
    placed = []
    for number in range(count):
        at = NOW - timedelta(days=number // 3)
        case = await create_resolved_case(session, title=f"Case {number}", moved_at=at)
        item_id = case.id
        if number % 2:
            practice = await create_practice(session, case, title=f"Practice {number}", surfaced_at=at)
            item_id = practice.id
        placed.append((at, item_id, f"{'Practice' if number % 2 else 'Case'} {number}"))
    return [title for _at, _id, title in sorted(placed, reverse=True)]


async def test_pages_neither_repeat_nor_skip(session: AsyncSession, open_api: OpenApi) -> None:
    titles = await fill(session, 11)
    api = await open_api(BOB)
    for limit in (1, 2, 5, 100):
        assert await read_all(api, limit) == titles


async def test_what_worked_for_a_colleague_rises(
    session: AsyncSession, open_api: OpenApi, bob: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    titles = await fill(session, 4)
    case = await create_resolved_case(session, title="Behind it")
    old = await create_practice(session, case, title="The old one", shared_at=NOW - timedelta(days=200))
    api = await open_api(BOB)
    await charlie.post(f"/practices/{old.id}/uses", data={"result": "not"})
    assert await read_all(api) == [*titles, "The old one"]
    await bob.post(f"/practices/{old.id}/uses", data={"result": "worked"})
    assert await read_all(api) == ["The old one", *titles]
    await bob.post(f"/practices/{old.id}/uses", data={"result": "partly"})
    assert await read_all(api) == [*titles, "The old one"]


async def test_a_case_and_its_practice_appear_once(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_resolved_case(session, title="The case")
    practice = await create_practice(session, case, title="The practice")
    [item] = (await (await open_api(BOB)).get("/api/v1/feed")).json()["items"]
    assert (item["kind"], item["id"], item["title"]) == ("practice", str(practice.id), "The practice")


async def test_only_what_the_reader_may_see_is_in_the_feed(session: AsyncSession, open_api: OpenApi) -> None:
    for state in (State.DRAFT, State.INVESTIGATING, State.TRYING, State.WITHDRAWN):
        await create_case(session, title=state.value, state=state, visibility=Visibility.EVERYONE)
    await create_resolved_case(session, title="Team")
    await create_resolved_case(session, title="Everyone", visibility=Visibility.EVERYONE)
    secret = await create_resolved_case(session, title="Secret", visibility=Visibility.RESTRICTED)
    await create_practice(
        session, await create_resolved_case(session, visibility=Visibility.RESTRICTED), title="Told to all"
    )
    await create_practice(session, await create_resolved_case(session), title="Told to Oslo", audience=Audience.TEAM)
    await create_practice(session, await create_resolved_case(session), title="Retired", trust=Trust.OBSOLETE)
    await create_hat(session, secret, CHARLIE)

    seen = {person: set(await read_all(await open_api(person), 100)) for person in (ALICE, BOB, MONA, CHARLIE, DORA)}
    program = set(await read_all(await open_api(ALICE, act_as=False), 100))

    everyone = {"Everyone", "Told to all"}
    assert seen[ALICE] == seen[MONA] == everyone | {"Team", "Secret", "Told to Oslo"}
    assert seen[BOB] == everyone | {"Team", "Told to Oslo"}
    assert seen[CHARLIE] == everyone | {"Secret"}
    assert seen[DORA] == set()
    assert program == everyone


async def test_a_reader_with_few_rights_still_gets_full_pages(session: AsyncSession, open_api: OpenApi) -> None:
    await create_resolved_case(session, title="Old", visibility=Visibility.EVERYONE, moved_at=NOW - timedelta(days=9))
    for _number in range(6):
        await create_resolved_case(session)
    page = (await (await open_api(CHARLIE)).get("/api/v1/feed?limit=2")).json()
    assert [item["title"] for item in page["items"]] == ["Old"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("obstacle=champion_left", {"C", "P"}),
        ("outcome=lost_competitor", {"P"}),
        ("language=sv", {"P"}),
        ("language=nb&obstacle=champion_left", {"C"}),
        (f"team={ALICE.team_id}", {"C", "P", "Noise"}),
        (f"team={CHARLIE.team_id}", set()),
    ],
)
async def test_filters_stand_in_the_address(
    session: AsyncSession, open_api: OpenApi, bob: httpx.AsyncClient, query: str, titles: set[str]
) -> None:
    await create_resolved_case(session, title="Noise")
    await create_resolved_case(session, title="C", obstacles=("champion_left", "silent"), language="nb")
    lost = await create_resolved_case(session, outcome="lost_competitor", obstacles=("champion_left",), language="nb")
    await create_practice(session, lost, title="P", language="sv")
    assert set(await read_all(await open_api(BOB), 1, f"&{query}")) == titles
    page = (await bob.get(f"/?{query}&cursor=")).text
    assert {title for title in ("Noise", "C", "P") if f">{title}</a>" in page} == titles


async def test_home_leads_to_the_next_page_under_the_same_filters(
    session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    await fill(session, 6)
    page = (await bob.get("/?team=&obstacle=silent&limit=4")).text
    assert "obstacle=silent&amp;limit=4&amp;cursor=" in page


async def test_home_says_first_what_waits_for_the_reader(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    case = await create_case(session, title="Stuck at the port")
    await create_question(session, case)
    practice = await create_practice(session, await create_resolved_case(session), trust=Trust.NEEDS_REVIEW)
    hers = (await alice.get("/")).text
    assert "Waiting for you" in hers
    assert "Answer Bob Fjord" in hers
    assert "Waiting for you" not in (await bob.get("/")).text
    managers = (await mona.get("/")).text
    assert "Review the practice again" in managers
    assert f"/practices/{practice.id}#trust" in managers


async def test_an_empty_home_teaches(bob: httpx.AsyncClient, dora: httpx.AsyncClient) -> None:
    for client in (bob, dora):
        page = (await client.get("/")).text
        assert "Nothing resolved yet" in page
        assert 'href="/cases/new"' in page


async def test_the_feed_refuses_what_does_not_exist(open_api: OpenApi) -> None:
    api = await open_api(BOB)
    assert list((await api.get("/api/v1/feed?outcome=nothing_such")).json()["errors"]) == ["outcome"]
    assert (await api.get("/api/v1/feed?team=oslo")).status_code == 422
    assert (await api.get("/api/v1/feed?cursor=x")).status_code == 400
    assert (await api.get("/api/v1/feed?limit=101")).status_code == 422


async def test_a_key_without_the_scope_reads_no_feed(open_api: OpenApi) -> None:
    api = await open_api(BOB, "deals:write", "act-as")
    assert (await api.get("/api/v1/feed")).status_code == 403
