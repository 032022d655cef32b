"""Cases that people declare to belong together, and joining a case that is the same."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Visibility
from app.cases.workflow import State
from app.comments.models import Comment
from app.feed.models import Mark
from app.links.models import CaseLink
from tests.conftest import OpenApi, SignIn
from tests.factories import create_case, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, DORA

EVERYONE = Visibility.EVERYONE


async def link(client: httpx.AsyncClient, case: Case, other: Case, kind: str = "related") -> httpx.Response:
    return await client.post(f"/cases/{case.id}/links", data={"kind": kind, "other_id": str(other.id)})


@pytest.mark.parametrize(
    ("kind", "here", "there"),
    [
        ("duplicate_of", "The same as", "Told here as well"),
        ("follows_from", "Follows from", "Led to"),
        ("related", "Belongs together with", "Belongs together with"),
    ],
)
async def test_a_link_stands_on_both_cases_each_in_its_own_words(
    kind: str, here: str, there: str, session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    case, other = await create_case(session), await create_resolved_case(session, title="The port before that")
    assert (await link(bob, case, other, kind)).status_code == 303
    page = (await bob.get(f"/cases/{case.id}/links")).text
    assert here in page
    assert "The port before that" in page
    page = (await bob.get(f"/cases/{other.id}/links")).text
    assert there in page
    assert case.title in page


async def test_two_cases_have_one_link_and_the_last_word_counts(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case, other = await create_case(session), await create_case(session)
    await link(bob, case, other)
    await link(bob, other, case, "follows_from")
    [found] = (await session.scalars(select(CaseLink).execution_options(populate_existing=True))).all()
    assert (found.case_id, found.other_id, found.kind) == (other.id, case.id, "follows_from")


async def test_a_case_that_may_not_be_read_can_neither_be_linked_nor_seen(
    session: AsyncSession, charlie: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session, visibility=EVERYONE)
    hidden = await create_case(session, title="Only for Oslo", visibility=Visibility.TEAM)
    refused = await link(charlie, case, hidden)
    assert refused.status_code == 422
    assert "Choose a case that you can read." in refused.text
    assert await session.scalar(select(CaseLink)) is None
    await link(bob, case, hidden)
    assert "Only for Oslo" in (await bob.get(f"/cases/{case.id}/links")).text
    assert "Only for Oslo" not in (await charlie.get(f"/cases/{case.id}/links")).text


async def test_neither_itself_nor_a_draft_can_be_linked(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case, draft = await create_case(session), await create_case(session, state=State.DRAFT)
    assert (await link(alice, case, case)).status_code == 422
    assert (await link(alice, case, draft)).status_code == 409
    assert (await link(alice, draft, case)).status_code == 409
    assert await session.scalar(select(CaseLink)) is None


async def test_whoever_linked_them_and_the_owners_take_it_back(session: AsyncSession, sign_in: SignIn) -> None:
    case, other = await create_case(session, visibility=EVERYONE), await create_case(session, visibility=EVERYONE)
    for person, status in [(CHARLIE, 403), (DORA, 404), (BOB, 303), (ALICE, 303)]:
        await link(await sign_in(BOB), case, other)
        link_id = await session.scalar(select(CaseLink.id))
        path = f"/cases/{case.id}/links/{link_id}/delete"
        assert (await (await sign_in(person)).post(path)).status_code == status
        assert (await session.scalar(select(CaseLink.id)) is None) is (status == 303)


async def test_a_case_is_searched_for_and_one_that_was_named_is_offered(
    session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    case, other = await create_case(session), await create_case(session, title="Their works council says no")
    page = (await bob.get(f"/cases/{case.id}/links", params={"other": str(other.id), "kind": "duplicate_of"})).text
    assert "Their works council says no" in page
    assert f'value="{other.id}" checked' in page
    assert 'value="duplicate_of" checked' in page


async def test_programs_link_list_and_unlink(session: AsyncSession, open_api: OpenApi) -> None:
    case, other = await create_case(session), await create_case(session)
    api = await open_api(BOB)
    path = f"/api/v1/cases/{case.id}/links"
    made = await api.post(path, json={"kind": "follows_from", "other_id": str(other.id)})
    assert made.status_code == 201
    found: dict[str, Any] = made.json()
    assert (found["case_id"], found["from_here"], found["made_by"]["name"]) == (str(other.id), True, "Bob Fjord")
    [seen] = (await api.get(f"/api/v1/cases/{other.id}/links")).json()["items"]
    assert (seen["case_id"], seen["from_here"]) == (str(case.id), False)
    assert (await api.delete(f"{path}/{found['id']}")).status_code == 204
    assert (await api.get(path)).json() == {"items": []}


async def join(client: httpx.AsyncClient, case: Case, **data: str) -> httpx.Response:
    return await client.post(f"/cases/{case.id}/same", data={"text": "The same with us."} | data)


async def test_joining_tells_the_case_follows_it_and_drops_the_draft(
    session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    draft = await create_case(session, owner=BOB, state=State.DRAFT, situation="They went quiet with us as well.")
    page = (await bob.get(f"/cases/{case.id}/same", params={"draft": str(draft.id)})).text
    assert "They went quiet with us as well." in page
    assert case.situation in page
    joined = await join(bob, case, draft=str(draft.id), drop_draft="true")
    assert joined.headers["location"] == f"/cases/{case.id}#comments"
    comment = (await session.scalars(select(Comment))).one()
    assert (comment.case_id, comment.author_id, comment.text) == (case.id, BOB.id, "The same with us.")
    assert await session.scalar(select(Mark.case_id).where(Mark.user_id == BOB.id)) == case.id
    assert await session.scalar(select(Case.id).where(Case.id == draft.id)) is None


async def test_the_draft_stays_unless_it_is_to_go(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case, draft = await create_case(session), await create_case(session, owner=BOB, state=State.DRAFT)
    await join(bob, case, draft=str(draft.id))
    assert await session.scalar(select(Case.id).where(Case.id == draft.id)) is not None


async def test_nobody_drops_the_draft_of_another_or_a_posted_case(
    session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    others = [await create_case(session, state=State.DRAFT), await create_case(session, owner=BOB)]
    for other in others:
        assert (await join(bob, case, draft=str(other.id), drop_draft="true")).status_code == 303
        assert await session.scalar(select(Case.id).where(Case.id == other.id)) is not None
    hidden = (await bob.get(f"/cases/{case.id}/same", params={"draft": str(others[0].id)})).text
    assert others[0].situation not in hidden.replace(case.situation, "")


async def test_a_closed_case_is_not_joined_and_nothing_typed_is_lost(
    session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    closed = await create_resolved_case(session)
    refused = await join(bob, closed, text="Us too.")
    assert refused.status_code == 409
    assert "Us too." in refused.text
    assert await session.scalar(select(Comment)) is None
    empty = await join(bob, await create_case(session), text=" ")
    assert empty.status_code == 422
