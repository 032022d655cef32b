from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Visibility
from app.cases.workflow import State
from app.comments.models import Comment, CommentMention
from app.practices.models import Audience, Practice
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_practice, create_resolved_case
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, MONA, Person, known_id


async def create_comment(
    session: AsyncSession, *, case: Case | None = None, practice: Practice | None = None, **fields: Any
) -> Comment:
    given: dict[str, Any] = {"author_id": BOB.id, "text": "Ask for the night shift.", "at": NOW} | fields
    comment = Comment(
        organisation_id=ALICE.organisation_id,
        case_id=case.id if case else None,
        practice_id=practice.id if practice else None,
        **given,
    )
    session.add(comment)
    await session.flush()
    return comment


async def list_mentioned(session: AsyncSession) -> set[tuple[object, object]]:
    found = await session.execute(select(CommentMention.user_id, CommentMention.team_id))
    return {(row.user_id, row.team_id) for row in found}


async def test_a_colleague_comments_without_script(
    session: AsyncSession, bob: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    path = f"/cases/{case.id}/comments"
    assert path in (await alice.get(f"/cases/{case.id}")).text
    written = await bob.post(path, data={"text": "@Mona Fjord and @Oslo: <b>who</b> knows Dora Other, @Dora Other?"})
    assert (written.status_code, written.headers["Location"]) == (303, path)
    page = (await alice.get(path)).text
    assert '<strong class="mention">@Mona Fjord</strong>' in page
    assert '<strong class="mention">@Oslo</strong>: &lt;b&gt;who&lt;/b&gt;' in page
    assert 'mention">@Dora' not in page
    assert await list_mentioned(session) == {(MONA.id, None), (None, known_id("oslo"))}
    await session.refresh(case)
    assert case.version == 1, "a comment makes nobody's edit stale"


async def test_htmx_gets_the_thread_with_the_new_comment(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session)
    path = f"/cases/{case.id}/comments"
    headers = {"HX-Request": "true"}
    empty = await bob.post(path, data={"text": "  "}, headers=headers)
    assert empty.status_code == 422
    assert "Fill this in." in empty.text
    written = await bob.post(path, data={"text": "Ask for the night shift."}, headers=headers)
    assert written.status_code == 200
    assert written.text.lstrip().startswith('<section class="stack" id="comments"')
    assert "Ask for the night shift." in written.text
    assert "Your comment is there." in written.text


async def test_only_who_may_read_is_mentioned_and_offered(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session)
    path = f"/cases/{case.id}/comments"
    offered = (await bob.get(path)).text
    assert '<option value="Mona Fjord">' in offered
    assert "Charlie Fjord" not in offered
    await bob.post(path, data={"text": "@Charlie Fjord, do you know them?"})
    assert await list_mentioned(session) == set()


async def test_one_changes_and_deletes_ones_own(
    session: AsyncSession, bob: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    comment = await create_comment(session, case=case)
    edit, delete = f"/comments/{comment.id}/edit", f"/comments/{comment.id}/delete"
    assert "Ask for the night shift." in (await bob.get(edit)).text
    for refused in (await alice.get(edit), await alice.post(edit, data={"text": "No."}), await alice.post(delete)):
        assert refused.status_code == 403
    assert (await bob.post(edit, data={"text": ""})).status_code == 422
    assert (await bob.post(edit, data={"text": "Ask @Alice for it."})).status_code == 303
    assert await list_mentioned(session) == {(ALICE.id, None)}
    page = (await alice.get(f"/cases/{case.id}/comments")).text
    assert "changed" in page
    assert edit not in page
    assert (await bob.post(delete)).status_code == 303
    assert "Nothing yet." in (await alice.get(f"/cases/{case.id}/comments")).text
    assert await list_mentioned(session) == set()


@pytest.mark.parametrize("person", [CHARLIE, DORA])
async def test_who_may_not_read_the_case_finds_no_comment(
    person: Person, session: AsyncSession, open_api: OpenApi
) -> None:
    case = await create_case(session, visibility=Visibility.RESTRICTED)
    comment = await create_comment(session, case=case, author_id=CHARLIE.id)
    api = await open_api(person)
    body = {"text": "Why?"}
    assert (await api.get(f"/api/v1/cases/{case.id}/comments")).status_code == 404
    assert (await api.post(f"/api/v1/cases/{case.id}/comments", json=body)).status_code == 404
    assert (await api.patch(f"/api/v1/comments/{comment.id}", json=body)).status_code == 404
    assert (await api.delete(f"/api/v1/comments/{comment.id}")).status_code == 404


async def test_comments_on_a_practice_are_for_its_audience(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_resolved_case(session)
    practice = await create_practice(session, case, audience=Audience.TEAM)
    path = f"/api/v1/practices/{practice.id}/comments"
    as_charlie, as_bob = await open_api(CHARLIE), await open_api(BOB)
    assert (await as_charlie.get(path)).status_code == 404
    body = {"text": "@Mona Fjord and @Charlie Fjord, look."}
    written = await as_bob.post(path, json=body)
    assert written.status_code == 201
    assert written.json()["mentions"] == [{"kind": "person", "id": str(MONA.id), "written": "Mona Fjord"}]
    practice.audience = Audience.EVERYONE
    await session.flush()
    assert [item["text"] for item in (await as_charlie.get(path)).json()["items"]] == [body["text"]]
    case.state = State.INVESTIGATING
    await session.flush()
    assert (await as_bob.get(path)).status_code == 404, "a reopened case hides its practice"
    assert (await as_bob.delete(f"/api/v1/comments/{written.json()['id']}")).status_code == 404


async def test_a_program_pages_through_comments_newest_first(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session, visibility=Visibility.EVERYONE)
    for number in range(3):
        await create_comment(session, case=case, text=f"Number {number}")
    path = f"/api/v1/cases/{case.id}/comments"
    program = await open_api(ALICE, "cases:read", "cases:write", act_as=False)
    assert (await program.post(path, json={"text": "Why?"})).status_code == 403, "a comment needs a person"
    first = (await program.get(path, params={"limit": 2})).json()
    rest = (await program.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    texts = [item["text"] for item in first["items"] + rest["items"]]
    assert texts == ["Number 2", "Number 1", "Number 0"]
    assert rest["next_cursor"] is None


async def test_a_comment_is_changed_by_its_author_through_the_api(session: AsyncSession, open_api: OpenApi) -> None:
    comment = await create_comment(session, case=await create_case(session))
    path, body = f"/api/v1/comments/{comment.id}", {"text": "@Alice, the day shift."}
    assert (await (await open_api(MONA)).patch(path, json=body)).status_code == 403
    as_bob = await open_api(BOB)
    changed = (await as_bob.patch(path, json=body)).json()
    assert (changed["text"], changed["mentions"][0]["id"]) == (body["text"], str(ALICE.id))
    assert changed["edited_at"]
    assert (await as_bob.delete(path)).status_code == 204
    assert (await as_bob.delete(path)).status_code == 404


async def test_a_withdrawn_case_takes_no_comment(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session, state=State.WITHDRAWN)
    await create_comment(session, case=case)
    path = f"/cases/{case.id}/comments"
    assert (await bob.post(path, data={"text": "Why?"})).status_code == 409
    assert "Write a comment" not in (await bob.get(path)).text


async def test_an_older_comment_is_edited_where_it_is_not_on_the_page(
    session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    oldest = await create_comment(session, case=case, text="The very first")
    for number in range(25):
        await create_comment(session, case=case, text=f"Number {number}")
    page = (await bob.get(f"/cases/{case.id}/comments")).text
    assert "The very first" not in page
    assert f"/cases/{case.id}/comments?cursor=" in page
    assert "The very first" in (await bob.get(f"/comments/{oldest.id}/edit")).text


async def test_an_admin_who_opens_a_restricted_case_may_comment(session: AsyncSession, adam: httpx.AsyncClient) -> None:
    case = await create_case(session, visibility=Visibility.RESTRICTED)
    assert (await adam.post(f"/cases/{case.id}/comments", data={"text": "Seen."})).status_code == 303
    comment = (await session.scalars(select(Comment).where(Comment.author_id == ADAM.id))).one()
    assert (await adam.post(f"/comments/{comment.id}/delete")).status_code == 303
