"""A POST repeated with its key happens once; a key taken for something else is refused."""

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case
from tests.conftest import OpenApi
from tests.world import ALICE, BOB

BODY = {"title": "Quiet after the demo", "customer": "Havnelast AS", "obstacles": ["silent"]}


async def count_cases(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Case)) or 0


async def post_case(client: httpx.AsyncClient, key: str, **changes: str) -> httpx.Response:
    return await client.post("/api/v1/cases", json=BODY | changes, headers={"Idempotency-Key": key})


async def test_the_first_answer_comes_again(open_api: OpenApi, session: AsyncSession) -> None:
    api = await open_api(ALICE)
    before = await count_cases(session)
    first = await post_case(api, "one")
    again = await post_case(api, "one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert await count_cases(session) == before + 1


async def test_another_body_under_the_same_key_is_refused(open_api: OpenApi, session: AsyncSession) -> None:
    api = await open_api(ALICE)
    await post_case(api, "one")
    before = await count_cases(session)
    refused = await post_case(api, "one", title="Something else")
    assert refused.status_code == 409
    assert refused.json()["code"] == "idempotency_key_reused"
    assert await count_cases(session) == before


async def test_keys_of_two_people_never_meet(open_api: OpenApi) -> None:
    first = await post_case(await open_api(ALICE), "one")
    second = await post_case(await open_api(BOB), "one", title="Bob's own")
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


async def test_a_refused_request_does_not_use_up_its_key(open_api: OpenApi) -> None:
    api = await open_api(ALICE)
    refused = await post_case(api, "one", language="klingon")
    assert refused.status_code == 422
    assert (await post_case(api, "one")).status_code == 201


async def test_an_unprintable_key_is_refused(open_api: OpenApi) -> None:
    response = await post_case(await open_api(ALICE), "x" * 201)
    assert response.status_code == 422
