import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.account.pages import describe_browser
from app.accounts.models import User
from tests.conftest import SignIn
from tests.world import ALICE, BOB, PASSWORD

NEW = "a longer password than before"


async def test_a_new_password_needs_the_current_one_and_ends_other_sessions(
    visitor: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    await visitor.post("/sign-in", data={"email": ALICE.email, "password": PASSWORD})
    wrong = await alice.post("/account", data={"current": "a guess at it", "password": NEW})
    assert wrong.status_code == 422
    assert "not your current password" in wrong.text
    short = await alice.post("/account", data={"current": PASSWORD, "password": "short"})
    assert "at least 10" in short.text
    assert (await alice.post("/account", data={"current": PASSWORD, "password": NEW})).status_code == 303
    assert (await alice.get("/account")).status_code == 200
    assert (await visitor.get("/account")).status_code == 303
    old = await visitor.post("/sign-in", data={"email": ALICE.email, "password": PASSWORD})
    assert old.status_code == 422
    assert (await visitor.post("/sign-in", data={"email": ALICE.email, "password": NEW})).status_code == 303


async def test_the_current_password_cannot_be_guessed_for_long(alice: httpx.AsyncClient) -> None:
    for _attempt in range(5):
        await alice.post("/account", data={"current": "a guess at it", "password": NEW})
    assert (await alice.post("/account", data={"current": PASSWORD, "password": NEW})).status_code == 429


async def test_signing_out_everywhere_ends_every_session_and_nobody_elses(
    visitor: httpx.AsyncClient, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await visitor.post("/sign-in", data={"email": ALICE.email, "password": PASSWORD})
    assert (await visitor.post("/account/sign-out-everywhere")).headers["location"] == "/sign-in"
    assert (await alice.get("/account")).status_code == 303
    assert (await bob.get("/account")).status_code == 200


async def test_preferences_change_only_what_is_given(
    alice: httpx.AsyncClient, session: AsyncSession, sign_in: SignIn
) -> None:
    await alice.post("/preferences", data={"language": "sv", "theme": "dark", "next": "/account"})
    answer = await alice.post("/preferences", data={"timezone": "Europe/Helsinki", "next": "/account"})
    assert answer.headers["location"] == "/account"
    user = (await session.scalars(select(User).where(User.id == ALICE.id))).one()
    assert (user.language, user.theme, user.timezone) == ("sv", "dark", "Europe/Helsinki")
    fresh = await sign_in(ALICE)
    assert 'lang="sv"' in (await fresh.get("/account")).text


async def test_a_visitor_keeps_a_language_in_a_cookie(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post(
        "/preferences",
        data={"language": "nb", "next": "/sign-in"},
        headers={"Referer": "http://unstuck.test/sign-in?next=%2Faccount"},
    )
    assert answer.headers["location"] == "/sign-in?next=%2Faccount"
    assert '<html lang="nb"' in (await visitor.get("/sign-in")).text


@pytest.mark.parametrize(
    "wrong", [{"language": "xx"}, {"theme": "pink"}, {"timezone": "../../etc/passwd"}, {"timezone": "Mars/Olympus"}]
)
async def test_unknown_preferences_are_refused(alice: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    assert (await alice.post("/preferences", data=wrong)).status_code == 422


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/sign-out", "/nowhere"])
async def test_preferences_lead_back_only_to_a_page_of_this_site(alice: httpx.AsyncClient, target: str) -> None:
    answer = await alice.post("/preferences", data={"theme": "dark", "next": target})
    assert answer.headers["location"] == "/"


async def test_the_account_page_names_the_browsers(bob: httpx.AsyncClient) -> None:
    page = await bob.get("/account")
    assert BOB.email in page.text
    assert "this browser" in page.text


def test_browsers_are_named_from_their_header() -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Mobile Safari/604.1"
    assert describe_browser(firefox) == "Firefox, Linux"
    assert describe_browser(phone) == "Safari, iPhone"
    assert describe_browser("curl/8") == ""
