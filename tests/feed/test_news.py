"""News from above: a leader writes it, a manager passes it on to the teams it concerns, and it stands in their feed."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import read_clock
from app.feed.models import News, NewsDecision
from tests.conftest import OpenApi, SignIn
from tests.factories import create_resolved_case
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, LENA, MONA

NEWS = {"title": "Night tariff from January", "text": "Terminals pay a third less at night."}


async def write(session: AsyncSession, client: httpx.AsyncClient, **fields: str) -> News:
    made = await client.post("/news", data=NEWS | fields)
    assert made.status_code == 303, made.text
    return (await session.scalars(select(News).order_by(News.id.desc()).limit(1))).one()


async def pass_on(client: httpx.AsyncClient, news: News, *teams: object, comment: str = "") -> httpx.Response:
    return await client.post(f"/news/{news.id}", data={"teams": [str(team) for team in teams], "comment": comment})


async def test_a_seller_hears_of_it_once_the_manager_passes_it_on_with_a_word(
    session: AsyncSession, sign_in: SignIn, lena: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    news = await write(session, lena)
    alice, charlie = await sign_in(ALICE), await sign_in(CHARLIE)
    for seller in (alice, charlie):
        assert NEWS["title"] not in (await seller.get("/")).text
        assert (await seller.get(f"/news/{news.id}")).status_code == 404
    assert NEWS["title"] in (await mona.get("/waiting")).text
    assert (await pass_on(mona, news, ALICE.team_id, comment="Tell the port at once.")).status_code == 303
    feed = (await alice.get("/")).text
    assert NEWS["title"] in feed
    assert "News from above" in feed
    assert "Tell the port at once." in feed
    assert "Mona Fjord" in (await alice.get(f"/news/{news.id}")).text
    assert NEWS["title"] not in (await charlie.get("/")).text, "of another team"
    assert (await charlie.get(f"/news/{news.id}")).status_code == 404
    assert NEWS["title"] not in (await mona.get("/waiting")).text


async def test_what_is_not_for_the_team_goes_no_further_and_waits_no_more(
    session: AsyncSession, lena: httpx.AsyncClient, mona: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    news = await write(session, lena)
    await pass_on(mona, news)
    assert NEWS["title"] not in (await mona.get("/waiting")).text
    assert NEWS["title"] not in (await alice.get("/")).text
    await pass_on(mona, news, ALICE.team_id)
    assert NEWS["title"] in (await alice.get("/")).text, "a manager may think again"


async def test_old_news_waits_for_nobody(
    session: AsyncSession, lena: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    await write(session, lena)
    await session.execute(update(News).values(at=read_clock() - timedelta(days=31)))
    assert NEWS["title"] not in (await mona.get("/waiting")).text


async def test_only_those_above_write_and_only_who_leads_the_team_passes_on(
    session: AsyncSession, sign_in: SignIn, lena: httpx.AsyncClient
) -> None:
    for person, status in [(ALICE, 403), (MONA, 403), (ADAM, 303)]:
        client = await sign_in(person)
        assert (await client.post("/news", data=NEWS)).status_code == status
        assert (await client.get("/news/new")).status_code == (200 if status == 303 else 403)
    news = await write(session, lena)
    assert (await pass_on(await sign_in(MONA), news, CHARLIE.team_id)).status_code == 422, "not her team"
    assert (await pass_on(lena, news, ALICE.team_id)).status_code == 403, "she leads none"
    assert (await pass_on(await sign_in(DORA), news)).status_code == 404
    assert await session.scalar(select(NewsDecision)) is None


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"title": " "}, "title"),
        ({"text": ""}, "text"),
        ({"obstacle": "rain"}, "obstacle"),
        ({"title": "x" * 141}, "title"),
    ],
)
async def test_what_cannot_be_taken_says_so_at_the_field(
    sent: dict[str, str], field: str, session: AsyncSession, lena: httpx.AsyncClient
) -> None:
    refused = await lena.post("/news", data=NEWS | sent)
    assert refused.status_code == 422
    assert f'id="f-{field}-error"' in refused.text
    assert await session.scalar(select(News)) is None


async def test_filters_and_scopes_of_the_feed_hold_for_news(
    session: AsyncSession,
    lena: httpx.AsyncClient,
    mona: httpx.AsyncClient,
    alice: httpx.AsyncClient,
    bob: httpx.AsyncClient,
) -> None:
    news = await write(session, lena, obstacle="price_or_return")
    await pass_on(mona, news, ALICE.team_id)
    shown = ["?obstacle=price_or_return", "?scope=teams", "?scope=me", f"?team={ALICE.team_id}", "?language=en"]
    hidden = ["?obstacle=silent", "?outcome=won_a", "?product=Rutekart", f"?team={CHARLIE.team_id}", "?language=sv"]
    for address in shown:
        assert NEWS["title"] in (await alice.get(f"/{address}")).text, address
    for address in hidden:
        assert NEWS["title"] not in (await alice.get(f"/{address}")).text, address
    assert BOB.team_id == ALICE.team_id
    assert NEWS["title"] in (await bob.get("/")).text


async def test_the_feed_is_one_order_and_pages_through_it(
    session: AsyncSession, open_api: OpenApi, lena: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    for number in range(3):
        await create_resolved_case(session, title=f"Solved {number}")
        await pass_on(mona, await write(session, lena, title=f"News {number}"), ALICE.team_id)
    api = await open_api(ALICE)
    seen, cursor = [], ""
    while True:
        page = (await api.get("/api/v1/feed", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [(item["at"], item["kind"], item["title"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert [at for at, *_ in seen] == sorted((at for at, *_ in seen), reverse=True)
    assert {title for _at, kind, title in seen if kind == "news"} == {"News 0", "News 1", "News 2"}
    assert len(seen) == len(set(seen)) == 6
    program = await open_api(ALICE, act_as=False)
    kinds = {item["kind"] for item in (await program.get("/api/v1/feed")).json()["items"]}
    assert "news" not in kinds, "news is for people"


async def test_who_wrote_it_takes_it_away_from_every_feed(
    session: AsyncSession, sign_in: SignIn, lena: httpx.AsyncClient, mona: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    news = await write(session, lena)
    await pass_on(mona, news, ALICE.team_id)
    for person in (ALICE, MONA):
        assert (await (await sign_in(person)).post(f"/news/{news.id}/withdraw")).status_code == 403
    assert (await lena.post(f"/news/{news.id}/withdraw")).status_code == 303
    assert NEWS["title"] not in (await alice.get("/")).text
    assert LENA.organisation_id == ALICE.organisation_id
