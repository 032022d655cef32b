import re

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import ApiKey, AuditEvent
from app.core.security import hash_token
from tests.conftest import OpenApi
from tests.world import ADAM, ALICE, BOB, DORA


async def make(admin: httpx.AsyncClient, *scopes: str) -> str:
    page = await admin.post("/admin/keys", data={"name": "Our CRM", "scopes": list(scopes or ("cases:read",))})
    found = re.search(r"unstuck_[0-9a-f]{32}_[\w-]+", page.text)
    assert found is not None
    return found[0]


async def get_me(client: httpx.AsyncClient, key: str, act_as: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} | ({"Unstuck-Act-As": act_as} if act_as else {})
    return await client.get("/api/v1/me", headers=headers)


async def test_a_key_is_shown_once_and_stored_as_a_digest(
    adam: httpx.AsyncClient, visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    text = await make(adam)
    assert text not in (await adam.get("/admin/keys")).text
    key = (await session.scalars(select(ApiKey))).one()
    assert (key.token_hash, key.hint) == (hash_token(text), text[-6:])
    assert key.last_used_at is None
    me = (await get_me(visitor, text)).json()
    assert (me["organisation"]["slug"], me["user"], me["client"]["scopes"]) == ("fjord", None, ["cases:read"])
    await session.refresh(key)
    assert key.last_used_at is not None
    assert "Last used" in (await adam.get("/admin/keys")).text


async def test_a_revoked_key_is_dead_at_once(
    adam: httpx.AsyncClient, dora: httpx.AsyncClient, visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    text = await make(adam)
    key = (await session.scalars(select(ApiKey))).one()
    assert (await dora.post(f"/admin/keys/{key.id}/revoke")).status_code == 404
    assert (await get_me(visitor, text)).status_code == 200
    assert (await adam.post(f"/admin/keys/{key.id}/revoke")).status_code == 303
    assert (await get_me(visitor, text)).status_code == 401
    actions = list(await session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    assert actions == ["key.created", "key.revoked"]


async def test_a_key_needs_a_name_and_known_scopes(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    for wrong in ({"name": "x"}, {"scopes": "cases:read"}, {"name": "x", "scopes": "everything"}):
        assert (await adam.post("/admin/keys", data=wrong)).status_code == 422
    assert (await session.scalars(select(ApiKey))).all() == []


async def test_a_forged_key_opens_nothing(adam: httpx.AsyncClient, visitor: httpx.AsyncClient) -> None:
    text = await make(adam, "cases:read", "act-as")
    prefix, organisation, secret = text.split("_", 2)
    for forged in (
        f"{prefix}_{DORA.organisation_id.hex}_{secret}",
        f"{prefix}_{organisation}_{secret}x",
        f"{prefix}_{'0' * 32}_{secret}",
        f"{prefix}_{organisation}_",
        f"{prefix}_nonsense_{secret}",
        secret,
        ALICE.token,
    ):
        answer = await get_me(visitor, forged)
        assert answer.status_code == 401, forged
        assert answer.headers["content-type"] == "application/problem+json"


async def test_acting_as_somebody_needs_the_scope_and_a_colleague(
    adam: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    plain, acting = await make(adam), await make(adam, "cases:read", "act-as")
    assert (await get_me(visitor, plain, ALICE.email)).status_code == 403
    for who in (ALICE.email, str(ALICE.id)):
        me = (await get_me(visitor, acting, who)).json()
        assert (me["user"]["id"], me["user"]["role"]) == (str(ALICE.id), "seller")
    for nobody in (DORA.email, str(DORA.id), "nobody", "'"):
        assert (await get_me(visitor, acting, nobody)).status_code == 403


async def test_a_key_does_what_its_scopes_say(open_api: OpenApi) -> None:
    writer = await open_api(BOB, "cases:write", act_as=False)
    assert (await writer.get("/api/v1/me")).status_code == 403
    assert "cases:read" in (await writer.get("/api/v1/users")).json()["detail"]
    reader = await open_api(BOB, "cases:read", act_as=False)
    refused = await reader.post("/api/v1/cases", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_key_does_not_open_pages(adam: httpx.AsyncClient, visitor: httpx.AsyncClient) -> None:
    text = await make(adam, "admin", "act-as")
    headers = {"Authorization": f"Bearer {text}", "Unstuck-Act-As": ADAM.email}
    assert (await visitor.get("/admin", headers=headers)).status_code == 303
