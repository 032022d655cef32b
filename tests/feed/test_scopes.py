"""The feed in its three scopes, under more filters, part by part."""

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import CodeKind, Visibility
from app.cases.workflow import State
from tests.conftest import OpenApi
from tests.factories import create_case, create_practice, create_resolved_case, find_code
from tests.feed.test_feed import read_all
from tests.world import ALICE, BOB, CHARLIE

EVERYONE = Visibility.EVERYONE


async def read_scope(api: httpx.AsyncClient, scope: str, query: str = "") -> set[str]:
    return set(await read_all(api, 100, f"&scope={scope}{query}"))


async def test_for_me_is_what_my_open_cases_are_stuck_on(session: AsyncSession, open_api: OpenApi) -> None:
    await create_resolved_case(session, title="Silent too", visibility=EVERYONE)
    await create_resolved_case(session, title="Another wall", obstacles=("champion_left",), visibility=EVERYONE)
    api = await open_api(CHARLIE)
    assert await read_scope(api, "me") == set()
    stuck = await create_case(session, owner=CHARLIE)
    assert await read_scope(api, "me") == {"Silent too"}
    stuck.state = State.WITHDRAWN
    await session.flush()
    assert await read_scope(api, "me") == set()


@pytest.mark.parametrize(
    ("kind", "key", "expected"),
    [
        ("person", str(CHARLIE.id), {"Bergen"}),
        ("team", str(CHARLIE.team_id), {"Bergen"}),
        ("obstacle", "champion_left", {"Left", "Told"}),
        ("tag", "Anbud", {"Left", "Told"}),
    ],
)
async def test_for_me_is_what_i_follow(
    kind: str, key: str, expected: set[str], session: AsyncSession, open_api: OpenApi
) -> None:
    await create_resolved_case(session, title="Bergen", owner=CHARLIE, visibility=EVERYONE)
    left: dict[str, Any] = {"obstacles": ("champion_left",), "tags": ["anbud"]}
    await create_resolved_case(session, title="Left", **left)
    await create_practice(session, await create_resolved_case(session, **left), title="Told")
    api = await open_api(BOB)
    await api.post("/api/v1/marks", json={"kind": kind, "key": key})
    assert await read_scope(api, "me") == expected


async def test_a_followed_case_leads_to_its_practice(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_resolved_case(session, title="The case")
    other = await create_practice(session, await create_resolved_case(session), title="Another")
    api = await open_api(BOB)
    await api.post("/api/v1/marks", json={"kind": "case", "key": str(case.id)})
    await api.post("/api/v1/marks", json={"kind": "practice", "key": str(other.id)})
    assert await read_scope(api, "me") == {"The case", "Another"}
    await create_practice(session, case, title="The practice")
    assert await read_scope(api, "me") == {"The practice", "Another"}


async def test_what_only_readers_of_a_case_know_finds_nothing_for_others(
    session: AsyncSession, open_api: OpenApi
) -> None:
    case = await create_resolved_case(session, tags=["hemmelig"], visibility=Visibility.RESTRICTED)
    await create_practice(session, case, title="Told to all")
    await create_resolved_case(session, title="Hidden", obstacles=("champion_left",))
    api = await open_api(CHARLIE)
    for kind, key in (("tag", "hemmelig"), ("obstacle", "champion_left")):
        await api.post("/api/v1/marks", json={"kind": kind, "key": key})
    assert await read_scope(api, "me") == set()


async def test_my_teams_are_mine(session: AsyncSession, open_api: OpenApi) -> None:
    await create_resolved_case(session, title="Oslo", visibility=EVERYONE)
    bergen = await create_resolved_case(session, owner=CHARLIE, visibility=EVERYONE)
    await create_practice(session, bergen, title="Bergen")
    assert await read_scope(await open_api(BOB), "teams") == {"Oslo"}
    assert await read_scope(await open_api(CHARLIE), "teams") == {"Bergen"}
    assert await read_scope(await open_api(CHARLIE), "everything") == {"Oslo", "Bergen"}
    program = await open_api(ALICE, act_as=False)
    assert await read_scope(program, "teams") == set()
    assert (await program.get("/api/v1/feed?scope=me")).status_code == 403


async def test_stage_industry_and_product_stand_in_the_address(
    session: AsyncSession, open_api: OpenApi, bob: httpx.AsyncClient
) -> None:
    stage = await find_code(session, CodeKind.STAGE, "proposal")
    industry = await find_code(session, CodeKind.INDUSTRY, "construction")
    facts: dict[str, Any] = {"stage_id": stage.id, "industry_id": industry.id, "product": "Rutekart"}
    await create_resolved_case(session, title="Noise")
    await create_practice(session, await create_resolved_case(session, **facts), title="Found")
    api = await open_api(BOB)
    for query in ("stage=proposal", "industry=construction", "product=rutekart"):
        assert await read_scope(api, "everything", f"&{query}") == {"Found"}
        page = (await bob.get(f"/?{query}&scope=teams")).text
        assert ">Found</a>" in page
        assert ">Noise</a>" not in page
        assert f"scope=me&amp;{query}" in page or f"{query}&amp;scope=me" in page
    assert (await api.get("/api/v1/feed?stage=rain")).status_code == 422
    assert (await api.get("/api/v1/feed?scope=rain")).status_code == 422


async def test_the_next_part_is_fetched_alone(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    for number in range(3):
        await create_resolved_case(session, title=f"Case {number}")
    page = await bob.get("/?limit=2")
    [address] = [part.split('"')[0] for part in page.text.split('hx-get="')[1:]]
    part = await bob.get("/" + address.replace("&amp;", "&"), headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert part.text.count("row-title") == 1
    whole = await bob.get("/" + address.replace("&amp;", "&"))
    assert "<html" in whole.text


async def test_an_empty_scope_teaches(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    assert "/marks" in (await bob.get("/?scope=me")).text.partition("Nothing for you yet")[2]
    assert "Nothing from your teams yet" in (await bob.get("/?scope=teams")).text
