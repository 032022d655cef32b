"""What waits for somebody, on its page, at home and for programs."""

from datetime import timedelta

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import HatKind, HatStatus
from app.cases.workflow import State
from app.practices.models import Trust
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_hat, create_practice, create_question, create_resolved_case
from tests.world import ALICE, BOB, MONA

WAITING = "/api/v1/waiting"


async def test_everything_waits_in_one_list_the_oldest_first(
    session: AsyncSession, mona: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session, title="Stuck at the port")
    question = await create_question(session, case)
    question.addressed_to_id, question.asked_at = MONA.id, NOW - timedelta(days=3)
    hat = await create_hat(session, case, MONA, kind=HatKind.EXPERT, status=HatStatus.ASKED)
    hat.asked_at = NOW - timedelta(days=1)
    await create_case(
        session, title="Tried", owner=MONA, state=State.TRYING, follow_up_on=(NOW - timedelta(days=4)).date()
    )
    practice = await create_practice(
        session, await create_resolved_case(session), title="Told", trust=Trust.NEEDS_REVIEW
    )
    practice.updated_at = NOW - timedelta(days=2)
    await session.flush()
    items = (await (await open_api(MONA)).get(WAITING)).json()["items"]
    assert [item["kind"] for item in items] == ["outcome", "question", "review", "hat"]
    assert items[2]["url"] == f"/practices/{practice.id}#trust"
    page = (await mona.get("/waiting")).text
    places = [page.index(text) for text in (">Tell how it went<", ">Answer Bob Fjord<", ">Review the practice again<")]
    assert places == sorted(places)


async def test_home_shows_the_oldest_and_leads_to_all(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    for _number in range(12):
        await create_question(session, await create_case(session))
    page = (await alice.get("/")).text
    assert page.count("Answer Bob Fjord") == 10
    assert "See all that waits for you" in page
    assert (await alice.get("/waiting")).text.count("Answer Bob Fjord") == 12


async def test_nothing_waits_for_others_nor_for_a_program(
    session: AsyncSession, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    await create_question(session, await create_case(session))
    assert "Nothing waits for you" in (await bob.get("/waiting")).text
    assert (await (await open_api(BOB)).get(WAITING)).json() == {"items": []}
    assert (await (await open_api(ALICE, act_as=False)).get(WAITING)).json() == {"items": []}
