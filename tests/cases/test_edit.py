"""Editing a posted case, section by section and by program: nobody's text is lost."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, CodeKind
from tests.conftest import OpenApi
from tests.factories import create_case, find_code
from tests.world import ALICE, BOB, DORA

STORY = {
    "title": "Port terminal went quiet after the demo",
    "obstacles": ["silent"],
    "situation": "They loved the demo. Since then nobody answers.",
    "desired_state": "A meeting before Christmas.",
}


@pytest.fixture
async def case(session: AsyncSession) -> Case:
    return await create_case(session)


async def test_owner_edits_the_story(session: AsyncSession, case: Case, alice: httpx.AsyncClient) -> None:
    page = await alice.get(f"/cases/{case.id}/edit/story")
    assert f'name="version" value="{case.version}"' in page.text
    data = STORY | {"version": str(case.version), "obstacles": ["champion_left", "silent"]}
    assert (await alice.post(f"/cases/{case.id}/edit/story", data=data)).status_code == 303
    await session.refresh(case)
    assert (case.situation, case.version) == (STORY["situation"], 2)
    shown = await alice.get(f"/cases/{case.id}")
    assert "Champion left" in shown.text


async def test_stale_edit_shows_both_texts_and_then_takes_the_choice(
    session: AsyncSession, case: Case, alice: httpx.AsyncClient
) -> None:
    first = STORY | {"version": "1", "situation": "Saved on the phone."}
    assert (await alice.post(f"/cases/{case.id}/edit/story", data=first)).status_code == 303
    second = STORY | {"version": "1", "situation": "Written at the desk."}
    stale = await alice.post(f"/cases/{case.id}/edit/story", data=second)
    assert stale.status_code == 412
    assert "Saved on the phone." in stale.text
    assert "Written at the desk." in stale.text
    assert f"Saved meanwhile by {ALICE.name}" in stale.text
    await session.refresh(case)
    assert case.situation == "Saved on the phone."
    version = re.search(r'name="version" value="(\d+)"', stale.text)
    assert version is not None
    chosen = await alice.post(f"/cases/{case.id}/edit/story", data=second | {"version": version[1]})
    assert chosen.status_code == 303
    await session.refresh(case)
    assert case.situation == "Written at the desk."


async def test_stale_edit_that_changes_nothing_is_no_quarrel(case: Case, alice: httpx.AsyncClient) -> None:
    data = STORY | {"version": "1"}
    for _time in range(2):
        assert (await alice.post(f"/cases/{case.id}/edit/story", data=data)).status_code == 303


@pytest.mark.parametrize("name", ["title", "obstacles", "situation", "desired_state"])
async def test_a_posted_case_keeps_what_posting_asked_for(
    name: str, session: AsyncSession, case: Case, alice: httpx.AsyncClient
) -> None:
    data = {key: value for key, value in STORY.items() if key != name} | {"version": "1"}
    response = await alice.post(f"/cases/{case.id}/edit/story", data=data)
    assert response.status_code == 422
    assert f'id="f-{name}-error"' in response.text
    await session.refresh(case)
    assert case.version == 1


async def test_main_obstacle_stays_first_when_others_are_ticked(
    session: AsyncSession, alice: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session, obstacles=("price_or_return", "champion_left"))
    ticked = STORY | {"version": "1", "obstacles": ["silent", "champion_left", "price_or_return"]}
    assert (await alice.post(f"/cases/{case.id}/edit/story", data=ticked)).status_code == 303
    api = await open_api(ALICE)
    read = (await api.get(f"/api/v1/cases/{case.id}")).json()
    assert read["obstacles"] == ["price_or_return", "champion_left", "silent"]


async def test_only_the_owner_edits(case: Case, bob: httpx.AsyncClient, mona: httpx.AsyncClient) -> None:
    for browser in (bob, mona):
        assert (await browser.get(f"/cases/{case.id}/edit/story")).status_code == 403
        assert (await browser.post(f"/cases/{case.id}/edit/story", data=STORY)).status_code == 403


async def test_deal_and_place_are_edited_on_their_own(
    session: AsyncSession, case: Case, alice: httpx.AsyncClient
) -> None:
    deal = {"version": "1", "customer": "Havnelast AS", "amount": "1 250 000,50", "currency": "nok"}
    assert (await alice.post(f"/cases/{case.id}/edit/deal", data=deal)).status_code == 303
    placing = {"version": "2", "visibility": "everyone", "tags": "port, terminal, port", "language": "sv"}
    assert (await alice.post(f"/cases/{case.id}/edit/placing", data=placing)).status_code == 303
    await session.refresh(case)
    assert (case.visibility, case.tags, case.language) == ("everyone", ["port", "terminal"], "sv")
    assert case.team_id == ALICE.team_id
    page = await alice.get(f"/cases/{case.id}")
    assert "1,250,000.50" in page.text
    assert (await alice.get(f"/cases/{case.id}/edit/nothing")).status_code == 404


async def test_retired_code_stays_where_it_was_chosen(
    session: AsyncSession, case: Case, alice: httpx.AsyncClient
) -> None:
    code = await find_code(session, CodeKind.OBSTACLE, "silent")
    code.retired_at = case.moved_at
    other = await find_code(session, CodeKind.OBSTACLE, "other")
    other.retired_at = case.moved_at
    await session.flush()
    kept = STORY | {"version": "1", "title": "A new title"}
    assert (await alice.post(f"/cases/{case.id}/edit/story", data=kept)).status_code == 303
    refused = STORY | {"version": "2", "obstacles": ["silent", "other"]}
    assert (await alice.post(f"/cases/{case.id}/edit/story", data=refused)).status_code == 422


async def test_program_changes_with_the_version_it_read(case: Case, open_api: OpenApi) -> None:
    api = await open_api(ALICE)
    read = await api.get(f"/api/v1/cases/{case.id}")
    assert read.headers["ETag"] == '"1"'
    change = {"product": "Rutekart", "deal": {"amount": "480000.50", "currency": "NOK"}, "industry": "construction"}
    changed = await api.patch(f"/api/v1/cases/{case.id}", json=change, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    body = changed.json()
    assert body["deal"]["amount"] == "480000.50"
    assert (body["product"], body["industry"], body["version"]) == ("Rutekart", "construction", 2)
    assert body["situation"] == case.situation
    assert body["next"] == {
        "move": "create",
        "missing": [
            {"field": "skip_questions_reason", "message": "Answer two questions first, or say why you skip them."}
        ],
    }
    stale = await api.patch(f"/api/v1/cases/{case.id}", json=change, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await api.patch(f"/api/v1/cases/{case.id}", json=change)).status_code == 428


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 141}, "title"),
        ({"title": None}, "title"),
        ({"situation": "a\u0000b"}, "situation"),
        ({"obstacles": []}, "obstacles"),
        ({"obstacles": ["nope"]}, "obstacles"),
        ({"obstacles": "silent"}, "obstacles"),
        ({"tags": ["x" * 61]}, "tags.0"),
        ({"team_id": str(DORA.team_id)}, "team_id"),
        ({"visibility": "nobody"}, "visibility"),
        ({"deal": {"amount": "NaN"}}, "deal.amount"),
        ({"deal": {"amount": "1e20"}}, "deal.amount"),
        ({"deal": {"source": "hubspot"}}, "external_id"),
        ({"deal": {"colour": "red"}}, "deal.colour"),
        ({"state": "shared"}, "state"),
        ({"owner": BOB.email}, "owner"),
    ],
)
async def test_program_is_told_the_field_and_nothing_changes(
    change: dict[str, Any], field: str, session: AsyncSession, case: Case, open_api: OpenApi
) -> None:
    api = await open_api(ALICE)
    response = await api.patch(f"/api/v1/cases/{case.id}", json=change, headers={"If-Match": '"1"'})
    assert response.status_code == 422, response.text
    assert field in response.json()["errors"]
    await session.refresh(case)
    assert case.version == 1
