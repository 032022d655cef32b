import httpx
import pytest

from tests.conftest import OpenApi
from tests.world import ADAM, ALICE, CAST, DORA, MONA, known_id


async def test_people_come_in_pages_and_stay_at_home(open_api: OpenApi) -> None:
    program = await open_api(ALICE, "cases:read", act_as=False)
    seen: list[str] = []
    cursor = ""
    while True:
        answer = await program.get("/api/v1/users?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        seen += [user["email"] for user in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if not cursor:
            break
    assert sorted(seen) == sorted(person.email for person in CAST if person is not DORA)


async def test_a_person_is_found_by_email(open_api: OpenApi) -> None:
    program = await open_api(ALICE, "cases:read", act_as=False)
    [mona] = (await program.get("/api/v1/users", params={"email": MONA.email.upper()})).json()["items"]
    assert mona == {
        "id": str(MONA.id),
        "name": MONA.name,
        "email": MONA.email,
        "role": "manager",
        "team_ids": [str(MONA.team_id)],
    }
    assert (await program.get("/api/v1/users", params={"email": DORA.email})).json()["items"] == []


async def test_teams_name_their_members_and_leaders(open_api: OpenApi) -> None:
    program = await open_api(ADAM, "cases:read", act_as=False)
    teams = {team["name"]: team for team in (await program.get("/api/v1/teams")).json()["items"]}
    assert set(teams) == {"Oslo", "Bergen"}
    assert teams["Oslo"]["id"] == str(known_id("oslo"))
    assert teams["Oslo"]["leader_ids"] == [str(MONA.id)]
    assert len(teams["Oslo"]["member_ids"]) == 3


async def test_a_person_in_the_browser_may_ask_too(alice: httpx.AsyncClient, visitor: httpx.AsyncClient) -> None:
    me = (await alice.get("/api/v1/me")).json()
    assert (me["user"]["id"], me["client"]) == (str(ALICE.id), None)
    refused = await visitor.get("/api/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "cursor=nonsense", "email=%00", "email=", "email=" + "x" * 255]
)
async def test_bad_questions_get_a_clear_error(open_api: OpenApi, query: str) -> None:
    program = await open_api(ALICE, "cases:read", act_as=False)
    for path in ("users", "teams") if "email" not in query else ("users",):
        answer = await program.get(f"/api/v1/{path}?{query}")
        assert answer.status_code in {400, 422}, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
