import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import CaseMove, HatKind, HatStatus
from app.cases.workflow import State
from tests.conftest import OpenApi
from tests.factories import create_case, create_hat, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA

DRAFT = {
    "title": "Port terminal went quiet",
    "customer": "Havnelast AS",
    "obstacles": ["silent"],
    "situation": "Nobody answers mail or phone since the demo three weeks ago.",
    "desired_state": "A meeting before Christmas.",
    "owner": ALICE.email,
}


async def test_program_writes_and_posts_for_an_owner(open_api: OpenApi, alice: httpx.AsyncClient) -> None:
    api = await open_api(ALICE, "cases:read", "cases:write", act_as=False)
    nobody = await api.post("/api/v1/cases", json={"title": "Whose?"})
    assert nobody.status_code == 422
    assert "owner" in nobody.json()["errors"]
    for stranger in (DORA.email, str(DORA.id), "a\u0000b", "no@where.example"):
        refused = await api.post("/api/v1/cases", json={"owner": stranger})
        assert refused.status_code == 422, stranger
    created = await api.post("/api/v1/cases", json={"owner": str(ALICE.id), "title": "Quiet"})
    assert created.status_code == 201
    case = created.json()
    assert created.headers["Location"] == f"/api/v1/cases/{case['id']}"
    assert (case["state"], case["author"], case["owner"]["name"]) == ("draft", None, ALICE.name)
    assert case["team"]["id"] == str(ALICE.team_id)
    early = await api.post(f"/api/v1/cases/{case['id']}/post")
    assert early.status_code == 409
    assert set(early.json()["errors"]) == {"customer", "obstacles", "situation", "desired_state"}
    fields = {name: value for name, value in DRAFT.items() if name != "owner"}
    await api.patch(f"/api/v1/cases/{case['id']}", json=fields, headers={"If-Match": created.headers["ETag"]})
    posted = await api.post(f"/api/v1/cases/{case['id']}/post")
    assert posted.status_code == 200, posted.text
    assert (posted.json()["state"], posted.json()["language"]) == ("investigating", "en")
    assert (await alice.get(f"/cases/{case['id']}")).status_code == 200
    moves = (await api.get(f"/api/v1/cases/{case['id']}/moves")).json()["items"]
    assert [(move["from_state"], move["to_state"], move["by"]) for move in moves] == [("draft", "investigating", None)]


async def test_repeated_creation_happens_once(open_api: OpenApi) -> None:
    api = await open_api(ALICE)
    key = {"Idempotency-Key": "import-1"}
    first = await api.post("/api/v1/cases", json=DRAFT, headers=key)
    second = await api.post("/api/v1/cases", json=DRAFT, headers=key)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert (await api.post("/api/v1/cases", json=DRAFT | {"title": "Other"}, headers=key)).status_code == 409
    assert len((await api.get("/api/v1/cases")).json()["items"]) == 1


async def test_draft_is_deleted_by_its_version(session: AsyncSession, open_api: OpenApi) -> None:
    api = await open_api(ALICE)
    case = (await api.post("/api/v1/cases", json=DRAFT)).json()
    path = f"/api/v1/cases/{case['id']}"
    assert (await api.delete(path)).status_code == 428
    assert (await api.delete(path, headers={"If-Match": '"99"'})).status_code == 412
    assert (await api.delete(path, headers={"If-Match": f'"{case["version"]}"'})).status_code == 204
    assert (await api.get(path)).status_code == 404
    posted = await create_case(session)
    refused = await api.delete(f"/api/v1/cases/{posted.id}", headers={"If-Match": '"1"'})
    assert refused.status_code == 409


async def test_withdrawing_and_reopening_ask_why_and_are_kept(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    silent = await alice.post(f"/cases/{case.id}/withdraw", data={})
    assert silent.status_code == 422
    assert (await alice.post(f"/cases/{case.id}/withdraw", data={"reason": "They were bought."})).status_code == 303
    await session.refresh(case)
    assert case.state is State.WITHDRAWN
    assert (await alice.post(f"/cases/{case.id}/withdraw", data={"reason": "Again"})).status_code == 409
    assert (await alice.post(f"/cases/{case.id}/reopen", data={"reason": "New owner calls."})).status_code == 303
    moves = (await session.scalars(select(CaseMove).order_by(CaseMove.id))).all()
    assert [(move.to_state, move.note, move.user_id) for move in moves] == [
        (State.WITHDRAWN, "They were bought.", ALICE.id),
        (State.INVESTIGATING, "New owner calls.", ALICE.id),
    ]
    page = await alice.get(f"/cases/{case.id}")
    assert "They were bought." in page.text


async def test_reopened_case_asks_for_its_outcome_again(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_resolved_case(session)
    api = await open_api(ALICE)
    assert (await api.post(f"/api/v1/cases/{case.id}/withdraw", json={"reason": "No"})).status_code == 409
    reopened = await api.post(f"/api/v1/cases/{case.id}/reopen", json={"reason": "They are back."})
    assert reopened.status_code == 200
    body = reopened.json()
    assert (body["state"], body["outcome"], body["resolved_at"]) == ("investigating", None, None)
    assert body["outcome_worked"], "what was learned stays written"


@pytest.mark.parametrize("path", ["withdraw", "reopen", "post"])
async def test_only_the_owner_moves_a_case(
    path: str, session: AsyncSession, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session)
    api = await open_api(BOB)
    body = None if path == "post" else {"reason": "Mine now"}
    assert (await api.post(f"/api/v1/cases/{case.id}/{path}", json=body)).status_code == 403
    if path != "post":
        assert (await bob.post(f"/cases/{case.id}/{path}", data=body)).status_code == 403


async def test_withdrawn_draft_is_not_posted_through_the_back_door(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session, state=State.DRAFT, situation="")
    api = await open_api(ALICE)
    assert (await api.post(f"/api/v1/cases/{case.id}/withdraw", json={"reason": "Never mind"})).status_code == 200
    refused = await api.post(f"/api/v1/cases/{case.id}/reopen", json={"reason": "After all"})
    assert refused.status_code == 409
    assert "situation" in refused.json()["errors"]


async def test_manager_of_the_team_hands_over_at_once(
    session: AsyncSession, mona: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await create_hat(session, case, CHARLIE, kind=HatKind.OWNER, status=HatStatus.ASKED)
    data = {"owner_id": str(BOB.id)}
    assert (await bob.post(f"/cases/{case.id}/hand-over", data=data)).status_code == 403
    stranger = await mona.post(f"/cases/{case.id}/hand-over", data={"owner_id": str(DORA.id)})
    assert stranger.status_code == 422
    assert (await mona.post(f"/cases/{case.id}/hand-over", data=data)).status_code == 303
    await session.refresh(case)
    assert (case.owner_id, case.author_id) == (BOB.id, ALICE.id)
    page = await bob.get(f"/cases/{case.id}")
    assert "asked to be owner" not in page.text
    assert MONA.team_id == ALICE.team_id
