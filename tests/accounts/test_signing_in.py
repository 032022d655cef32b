from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, SignInFailure, User, UserSession
from app.accounts.service import create_organisation, create_user
from app.accounts.signing_in.entrance import local_path
from app.accounts.signing_in.throttle import claim_attempt
from app.core.db import SessionFactory
from app.core.security import hash_token
from app.core.tenancy import enter_organisation
from tests.conftest import SignIn
from tests.world import ADAM, ALICE, DORA, PASSWORD

WRONG = "not the password"


async def send(
    browser: httpx.AsyncClient, email: str = ALICE.email, password: str = PASSWORD, next_page: str = "/account"
) -> httpx.Response:
    return await browser.post("/sign-in", data={"email": email, "password": password, "next": next_page})


async def test_signing_in_leads_to_the_page_that_was_asked_for(visitor: httpx.AsyncClient) -> None:
    sent_away = await visitor.get("/account?a=b")
    assert sent_away.status_code == 303
    assert sent_away.headers["location"].endswith("/sign-in?next=%2Faccount%3Fa%3Db")
    form = await visitor.get(sent_away.headers["location"])
    assert 'value="/account?a=b"' in form.text
    answer = await send(visitor, email="  Alice@Fjord.Example ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert ALICE.name in (await visitor.get("/account")).text


async def test_signing_out_ends_the_session_on_the_server(visitor: httpx.AsyncClient) -> None:
    await send(visitor)
    token = visitor.cookies["unstuck_session"]
    assert (await visitor.post("/sign-out")).headers["location"] == "/sign-in"
    visitor.cookies.set("unstuck_session", token)
    assert (await visitor.get("/account")).status_code == 303


@pytest.mark.parametrize(
    ("email", "password"), [(ALICE.email, WRONG), ("nobody@fjord.example", PASSWORD), (ALICE.email, "")]
)
async def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(
    visitor: httpx.AsyncClient, email: str, password: str
) -> None:
    answer = await send(visitor, email, password)
    assert answer.status_code == 422
    assert "unstuck_session" not in visitor.cookies
    assert email in answer.text
    if password:
        assert "do not belong together" in answer.text
        assert password not in answer.text


@pytest.mark.parametrize("cookie", ["", "forged", "token-of-alic", "'; DROP TABLE sessions; --"])
async def test_a_forged_session_opens_nothing(visitor: httpx.AsyncClient, cookie: str) -> None:
    visitor.cookies.set("unstuck_session", cookie)
    assert (await visitor.get("/account")).status_code == 303


async def test_an_old_session_has_run_out(alice: httpx.AsyncClient, session: AsyncSession) -> None:
    assert (await alice.get("/account")).status_code == 200
    long_ago = datetime.now(UTC) - timedelta(days=31)
    await session.execute(update(UserSession).values(last_seen_at=long_ago))
    assert (await alice.get("/account")).status_code == 303


async def test_the_cookie_lasts_as_long_as_the_session_that_is_used(
    alice: httpx.AsyncClient, session: AsyncSession
) -> None:
    await session.execute(update(UserSession).values(last_seen_at=datetime.now(UTC)))
    assert "set-cookie" not in (await alice.get("/account")).headers
    await session.execute(update(UserSession).values(last_seen_at=datetime.now(UTC) - timedelta(days=29)))
    renewed = await alice.get("/account")
    assert f"unstuck_session={ALICE.token}; HttpOnly; Max-Age={30 * 24 * 3600}" in renewed.headers["set-cookie"]
    assert "set-cookie" not in (await alice.get("/account")).headers


async def test_signing_out_after_a_pause_leaves_no_cookie(alice: httpx.AsyncClient, session: AsyncSession) -> None:
    await session.execute(update(UserSession).values(last_seen_at=datetime.now(UTC) - timedelta(days=1)))
    left = await alice.post("/sign-out")
    assert ALICE.token not in left.headers["set-cookie"]


async def test_signing_in_never_takes_over_a_session_that_was_there(
    visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    visitor.cookies.set("unstuck_session", "planted-by-somebody")
    await send(visitor)
    tokens = [cookie.value for cookie in visitor.cookies.jar if cookie.name == "unstuck_session"]
    known = select(UserSession.user_id).where(UserSession.token_hash == hash_token("planted-by-somebody"))
    assert await session.scalar(known) is None
    assert len(set(tokens) - {"planted-by-somebody"}) == 1


async def test_signing_in_again_ends_the_browsers_session_before(sign_in: SignIn, session: AsyncSession) -> None:
    browser = await sign_in(ALICE)
    await send(browser, ADAM.email)
    old = select(UserSession.user_id).where(UserSession.token_hash == hash_token(ALICE.token))
    assert await session.scalar(old) is None


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\n/evil.example",
        "http:evil.example",
        "//[",
        "",
    ],
)
async def test_next_leads_nowhere_but_here(visitor: httpx.AsyncClient, target: str) -> None:
    assert local_path(target) == "/"
    answer = await send(visitor, next_page=target)
    assert answer.headers["location"] == "/"


async def test_five_failures_lock_the_pair_of_person_and_address_and_nobody_else(visitor: httpx.AsyncClient) -> None:
    for _attempt in range(5):
        assert (await send(visitor, password=WRONG)).status_code == 422
    refused = await send(visitor)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
    assert "minutes" in refused.text
    assert (await send(visitor, ADAM.email)).status_code == 303


async def test_many_failures_lock_the_address(visitor: httpx.AsyncClient, session_factory: SessionFactory) -> None:
    for number in range(20):
        now = datetime.now(UTC)
        await claim_attempt(session_factory, purpose="sign-in", email=f"{number}", address="127.0.0.1", now=now)
    assert (await send(visitor)).status_code == 429


async def test_failures_are_forgiven_by_success_and_forgotten_in_time(
    visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2)
    session.add(SignInFailure(subject="of long ago", at=long_ago))
    await session.flush()
    for _attempt in range(4):
        await send(visitor, password=WRONG)
    assert (await send(visitor)).status_code == 303
    left = await session.scalar(select(func.count()).select_from(SignInFailure))
    assert left == 4, "only the address still has its four failures"
    assert (await send(visitor, password=WRONG)).status_code == 422


async def test_a_form_from_another_site_is_refused(visitor: httpx.AsyncClient, alice: httpx.AsyncClient) -> None:
    data = {"email": ALICE.email, "password": PASSWORD}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        assert (await visitor.post("/sign-in", data=data, headers=headers)).status_code == 403
        assert (await alice.post("/sign-out", headers=headers)).status_code == 403
        assert (await alice.post("/account/sign-out-everywhere", headers=headers)).status_code == 403
    own = {"Origin": "http://unstuck.test", "Sec-Fetch-Site": "same-origin"}
    assert (await visitor.post("/sign-in", data=data, headers=own)).status_code == 303


async def test_somebody_in_two_organisations_chooses_one(visitor: httpx.AsyncClient, session: AsyncSession) -> None:
    third = await create_organisation(session, "Third", "third")
    await create_user(session, third, "Alice Third", ALICE.email, "seller")
    page = await send(visitor)
    assert page.status_code == 200
    assert "unstuck_session" not in visitor.cookies
    proof = page.text.split('name="proof" value="')[1].split('"')[0]
    choice = {"proof": proof, "organisation_id": str(third.id), "next": "/account"}

    forged = await visitor.post("/sign-in/organisation", data=choice | {"proof": proof[:-1] + "x"})
    assert forged.headers["location"] == "/sign-in"
    elsewhere = await visitor.post(
        "/sign-in/organisation", data=choice | {"organisation_id": str(DORA.organisation_id)}
    )
    assert elsewhere.headers["location"] == "/sign-in"
    assert "unstuck_session" not in visitor.cookies

    assert (await visitor.post("/sign-in/organisation", data=choice)).headers["location"] == "/account"
    assert "Third" in (await visitor.get("/account")).text


async def test_a_proof_ends_with_the_password_it_proved(visitor: httpx.AsyncClient, session: AsyncSession) -> None:
    third = await create_organisation(session, "Third", "third")
    await create_user(session, third, "Alice Third", ALICE.email, "seller")
    page = await send(visitor)
    proof = page.text.split('name="proof" value="')[1].split('"')[0]
    await session.execute(update(Identity).where(Identity.email == ALICE.email).values(password_hash="another"))
    choice = {"proof": proof, "organisation_id": str(third.id)}
    assert (await visitor.post("/sign-in/organisation", data=choice)).headers["location"] == "/sign-in"


async def test_somebody_shut_out_is_told_only_after_the_right_password(
    visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    await enter_organisation(session, ALICE.organisation_id)
    await session.execute(update(User).where(User.id == ALICE.id).values(deactivated_at=datetime.now(UTC)))
    right = await send(visitor)
    assert (right.status_code, "no access" in right.text) == (422, True)
    wrong = await send(visitor, password=WRONG)
    assert "no access" not in wrong.text
