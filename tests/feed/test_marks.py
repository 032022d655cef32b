"""Following and bookmarking, through pages and the API."""

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Visibility
from tests.conftest import OpenApi
from tests.factories import create_case, create_practice, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, DORA

MARKS = "/api/v1/marks"


@pytest.mark.parametrize(
    ("kind", "key", "name"),
    [
        ("person", str(ALICE.id), "Alice Fjord"),
        ("team", str(ALICE.team_id), "Oslo"),
        ("obstacle", "silent", "The customer has gone silent"),
        ("tag", "Anbud", "anbud"),
    ],
)
async def test_somebody_follows_and_stops(
    kind: str, key: str, name: str, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    api = await open_api(BOB)
    assert (await bob.post("/marks", data={"kind": kind, "key": key})).status_code == 303
    [item] = (await api.get(MARKS)).json()["items"]
    assert (item["kind"], item["key"]) == (kind, key.lower())
    assert item["name"] in (await bob.get("/marks")).text
    if kind != "obstacle":
        assert item["name"] == name
    again = await api.post(MARKS, json={"kind": kind, "key": key})
    assert (again.status_code, again.json()["id"]) == (201, item["id"])
    assert (await (await open_api(ALICE)).get(MARKS)).json()["items"] == []
    await bob.post("/marks", data={"kind": kind, "key": key, "wanted": "false"})
    assert (await api.get(MARKS)).json()["items"] == []


async def test_a_case_is_followed_and_bookmarked_where_it_is_shown(
    session: AsyncSession, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session, title="Quiet port", tags=["Havn"])
    panel = f"/cases/{case.id}/marks"
    assert panel in (await bob.get(f"/cases/{case.id}")).text
    page = (await bob.get(panel)).text
    for text in ("Bookmark", "Follow Alice Fjord", "Follow Oslo", "Follow havn"):
        assert text in page
    for purpose in ("follow", "bookmark"):
        done = await bob.post(panel, data={"purpose": purpose, "kind": "case", "key": str(case.id)})
        assert done.headers["location"] == f"/cases/{case.id}"
    part = await bob.post(panel, data={"kind": "tag", "key": "havn"}, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    for text in ("Bookmarked", "Following havn"):
        assert text in part.text
    api = await open_api(BOB)
    assert [item["name"] for item in (await api.get(f"{MARKS}?purpose=bookmark")).json()["items"]] == ["Quiet port"]
    assert [item["kind"] for item in (await api.get(MARKS)).json()["items"]] == ["tag", "case"]
    page = (await bob.get("/marks")).text
    assert page.count("Quiet port") == 2


async def test_a_practice_is_bookmarked_where_it_is_shown_and_keeps_the_tags_of_its_case(
    session: AsyncSession, charlie: httpx.AsyncClient, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    practice = await create_practice(session, await create_resolved_case(session, tags=["Hemmelig"]), title="Go there")
    panel = f"/practices/{practice.id}/marks"
    assert panel in (await charlie.get(f"/practices/{practice.id}")).text
    assert "hemmelig" in (await bob.get(panel)).text
    assert "hemmelig" not in (await charlie.get(panel)).text
    done = await charlie.post(panel, data={"purpose": "bookmark", "kind": "practice", "key": str(practice.id)})
    assert done.headers["location"] == f"/practices/{practice.id}"
    [item] = (await (await open_api(CHARLIE)).get(f"{MARKS}?purpose=bookmark")).json()["items"]
    assert item["name"] == "Go there"


async def test_what_cannot_be_seen_can_be_neither_marked_nor_found_among_marks(
    session: AsyncSession, bob: httpx.AsyncClient, charlie: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session, title="For Oslo")
    api = await open_api(CHARLIE)
    refused = await api.post(MARKS, json={"kind": "case", "key": str(case.id)})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["key"])
    assert (await charlie.get(f"/cases/{case.id}/marks")).status_code == 404
    dora = await open_api(DORA)
    for kind, key in (("person", BOB.id), ("team", BOB.team_id), ("case", case.id)):
        assert (await dora.post(MARKS, json={"kind": kind, "key": str(key)})).status_code == 422
    await bob.post("/marks", data={"kind": "case", "key": str(case.id)})
    case.visibility = Visibility.RESTRICTED
    await session.flush()
    assert "For Oslo" not in (await bob.get("/marks")).text
    assert (await (await open_api(BOB)).get(MARKS)).json()["items"] == []


async def test_a_refused_mark_says_why(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session)
    for path in ("/marks", f"/cases/{case.id}/marks"):
        for data in (
            {"kind": "obstacle", "key": "rain"},
            {"kind": "tag"},
            {"purpose": "bookmark", "kind": "tag", "key": "x"},
        ):
            assert (await bob.post(path, data=data)).status_code == 422
    assert "There is nothing like that here." in (await bob.post("/marks", data={"kind": "team", "key": "x"})).text


async def test_a_mark_is_ones_own(open_api: OpenApi) -> None:
    bob, alice = await open_api(BOB), await open_api(ALICE)
    mark = (await bob.post(MARKS, json={"kind": "tag", "key": "anbud"})).json()
    assert (await alice.delete(f"{MARKS}/{mark['id']}")).status_code == 404
    assert (await bob.delete(f"{MARKS}/{mark['id']}")).status_code == 204
    assert (await (await open_api(BOB, act_as=False)).get(MARKS)).status_code == 403


async def test_there_is_an_end_to_following(open_api: OpenApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.feed.marks.service.MARKS_LIMIT", 1)
    api = await open_api(BOB)
    assert (await api.post(MARKS, json={"kind": "tag", "key": "one"})).status_code == 201
    assert (await api.post(MARKS, json={"kind": "tag", "key": "one"})).status_code == 201
    assert (await api.post(MARKS, json={"kind": "tag", "key": "two"})).json()["code"] == "too_many_marks"
