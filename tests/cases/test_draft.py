import re

import httpx
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import TeamMember
from app.cases.models import Case
from app.cases.workflow import State
from app.core.db import new_id
from tests.conftest import OpenApi
from tests.factories import create_case
from tests.world import CHARLIE, DORA, Person

FORM = {
    "title": "Port terminal went quiet after the demo",
    "customer": "Havnelast AS",
    "obstacles": ["silent", "close_date_slipped"],
    "situation": "Kunden svarer ikke lenger etter at driftssjefen sluttet i mai.",
    "desired_state": "Et møte med den nye driftssjefen før jul.",
}


async def read(session: AsyncSession, case_id: object) -> Case | None:
    return await session.scalar(select(Case).where(Case.id == case_id).execution_options(populate_existing=True))


async def test_opening_the_form_creates_nothing(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    page = await alice.get("/cases/new")
    assert page.status_code == 200
    action = re.search(r'action="(/cases/[0-9a-f-]{36}/draft)"', page.text)
    assert action is not None
    assert (await alice.post(f"{action[1]}/autosave", data={"version": "0"})).status_code == 204
    assert (await alice.post(action[1], data={"action": "save"})).status_code == 303
    assert await session.scalar(select(func.count()).select_from(Case)) == 0


async def test_a_draft_saves_itself_and_keeps_its_version(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case_id = new_id()
    first = await alice.post(f"/cases/{case_id}/draft/autosave", data={"version": "0", "title": "Quiet"})
    assert first.status_code == 204
    assert first.headers["Unstuck-Location"] == f"/cases/{case_id}/draft"
    version = first.headers["Unstuck-Version"]
    second = await alice.post(f"/cases/{case_id}/draft/autosave", data={"version": version, "title": "Quiet since May"})
    assert second.status_code == 204
    case = await read(session, case_id)
    assert case is not None
    assert (case.title, case.state, str(case.version)) == (
        "Quiet since May",
        State.DRAFT,
        second.headers["Unstuck-Version"],
    )
    page = await alice.get(f"/cases/{case_id}/draft")
    assert 'value="Quiet since May"' in page.text


async def test_posting_tells_the_language_and_leads_to_the_case(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case_id = new_id()
    response = await alice.post(f"/cases/{case_id}/draft", data=FORM | {"action": "post", "version": "0"})
    assert response.status_code == 303
    assert response.headers["Location"] == f"/cases/{case_id}"
    case = await read(session, case_id)
    assert case is not None
    assert (case.state, case.language, case.language_corrected) == (State.INVESTIGATING, "nb", False)
    assert case.posted_at is not None
    page = await bob.get(f"/cases/{case_id}")
    assert "Havnelast AS" in page.text
    again = await alice.post(f"/cases/{case_id}/draft", data=FORM | {"action": "post", "version": "0"})
    assert again.headers["Location"] == f"/cases/{case_id}"
    newer = FORM | {"action": "post", "situation": "Typed on before the second press."}
    assert (await alice.post(f"/cases/{case_id}/draft", data=newer)).status_code == 409


@pytest.mark.parametrize("missing", list(FORM))
async def test_posting_names_what_is_missing_at_its_field_and_loses_nothing(
    missing: str, session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case_id = new_id()
    data = {name: value for name, value in FORM.items() if name != missing} | {"action": "post"}
    response = await alice.post(f"/cases/{case_id}/draft", data=data)
    assert response.status_code == 422
    assert f'id="f-{missing}-error"' in response.text
    for name, value in data.items():
        if name not in {"obstacles", "action"}:
            assert str(value) in response.text
    case = await read(session, case_id)
    assert case is not None
    assert case.state is State.DRAFT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "x" * 141),
        ("title", "two\nlines"),
        ("situation", "x" * 8001),
        ("situation", "a\x00b"),
        ("situation", "a\x1bb"),
        ("amount", "much"),
        ("amount", "-1"),
        ("amount", "1.234567"),
        ("currency", "XYZ1"),
        ("close_date", "2026-13-45"),
        ("url", "javascript:alert(1)"),
        ("industry", "no_such_industry"),
        ("obstacles", "no_such_obstacle"),
        ("visibility", "nobody"),
        ("team_id", "not-a-team"),
        ("team_id", str(DORA.team_id)),
        ("external_id", "90211"),
        ("tags", ",".join(f"tag{n}" for n in range(11))),
        ("language", "xx"),
    ],
)
async def test_bad_input_is_told_at_its_field_and_changes_nothing(
    name: str, value: str, session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case_id = new_id()
    response = await alice.post(f"/cases/{case_id}/draft", data=FORM | {name: value})
    assert response.status_code == 422
    assert f'id="f-{"source" if name == "external_id" else name}-error"' in response.text
    assert await read(session, case_id) is None


async def test_html_is_shown_as_text(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case_id = new_id()
    markup = "<script>alert(1)</script>"
    data = FORM | {name: f"{markup} {name}" for name in ("title", "customer", "situation", "desired_state", "product")}
    await alice.post(f"/cases/{case_id}/draft", data=data | {"action": "post", "tags": markup})
    for path in (f"/cases/{case_id}", f"/cases/{case_id}/edit/story", "/cases"):
        page = await alice.get(path)
        assert page.status_code == 200
        assert markup not in page.text
        assert "&lt;script&gt;" in page.text


async def test_stale_draft_shows_both_texts(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session, state=State.DRAFT, situation="As the other window saved it.")
    data = FORM | {"version": str(case.version - 1), "situation": "As I wrote it here."}
    response = await alice.post(f"/cases/{case.id}/draft", data=data)
    assert response.status_code == 412
    assert "As the other window saved it." in response.text
    assert "As I wrote it here." in response.text
    assert (await alice.post(f"/cases/{case.id}/draft/autosave", data=data)).status_code == 412
    version = re.search(r'name="version" value="(\d+)"', response.text)
    assert version is not None
    saved = await alice.post(f"/cases/{case.id}/draft", data=data | {"version": version[1]})
    assert saved.status_code == 303
    await session.refresh(case)
    assert case.situation == "As I wrote it here."


async def test_nobody_else_reaches_a_draft_by_its_id(
    session: AsyncSession, bob: httpx.AsyncClient, dora: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.DRAFT)
    for browser in (bob,):
        assert (await browser.get(f"/cases/{case.id}/draft")).status_code == 404
        assert (await browser.post(f"/cases/{case.id}/draft", data=FORM)).status_code == 404
        assert (await browser.post(f"/cases/{case.id}/draft/autosave", data=FORM)).status_code == 404
        assert (await browser.post(f"/cases/{case.id}/draft/delete")).status_code == 404
    assert (await dora.get(f"/cases/{case.id}/draft")).status_code == 404


async def test_draft_can_be_deleted_and_a_posted_case_not(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    draft = await create_case(session, state=State.DRAFT)
    posted = await create_case(session)
    assert (await alice.post(f"/cases/{draft.id}/draft/delete")).status_code == 303
    assert await session.scalar(select(Case.id).where(Case.id == draft.id)) is None
    assert (await alice.post(f"/cases/{posted.id}/draft/delete")).status_code == 409


async def test_case_joins_the_deal_the_crm_knows_unless_it_is_hidden(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    known = await create_case(session, deal={"source": "hubspot", "external_id": "1", "amount": 480000})
    await create_case(session, owner=CHARLIE, deal={"source": "hubspot", "external_id": "2"})
    crm = {"source": "hubspot", "external_id": "1"}
    case_id = new_id()
    typing = await alice.post(f"/cases/{case_id}/draft/autosave", data=FORM | crm)
    assert typing.status_code == 204
    case = await read(session, case_id)
    assert case is not None
    assert case.deal_id != known.deal_id, "half an id may be another deal's"
    saved = await alice.post(
        f"/cases/{case_id}/draft", data=FORM | crm | {"version": typing.headers["Unstuck-Version"]}
    )
    assert saved.status_code == 303
    case = await read(session, case_id)
    assert case is not None
    assert case.deal_id == known.deal_id
    hidden = await alice.post(f"/cases/{new_id()}/draft", data=FORM | crm | {"external_id": "2"})
    assert hidden.status_code == 422
    assert 'id="f-external_id-error"' in hidden.text
    assert "You cannot use this deal of the CRM." in hidden.text


async def test_a_tag_that_is_too_long_is_told_at_the_tags(alice: httpx.AsyncClient) -> None:
    response = await alice.post(
        f"/cases/{new_id()}/draft", data=FORM | {"action": "save", "tags": "anbud, " + "x" * 61}
    )
    assert response.status_code == 422
    assert 'id="f-tags-error"' in response.text
    assert "Use at most 60 characters." in response.text


async def leave_team(session: AsyncSession, person: Person) -> None:
    await session.execute(delete(TeamMember).where(TeamMember.user_id == person.id))


async def test_who_is_in_no_team_posts_for_everyone(
    session: AsyncSession, charlie: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    await leave_team(session, CHARLIE)
    page = await charlie.get("/cases/new")
    assert 'value="team"' not in page.text
    path = f"/cases/{new_id()}"
    data = FORM | {"action": "post", "version": "0"}
    refused = await charlie.post(f"{path}/draft", data=data | {"visibility": "team"})
    assert refused.status_code == 422
    assert "Choose a team, or let everyone see it." in refused.text
    assert (await charlie.post(f"{path}/draft", data=data | {"visibility": "everyone"})).status_code == 303
    assert (await alice.get(path)).status_code == 200


async def test_a_program_gives_no_case_to_a_team_that_is_none(session: AsyncSession, open_api: OpenApi) -> None:
    await leave_team(session, CHARLIE)
    api = await open_api(CHARLIE)
    refused = await api.post("/api/v1/cases", json={"title": "Quiet", "visibility": "team"})
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == ["visibility"]
    fields = {name: FORM[name] for name in ("title", "customer", "obstacles", "situation", "desired_state")}
    written = await api.post("/api/v1/cases", json=fields)
    assert (written.json()["visibility"], written.json()["team"]) == ("everyone", None)
    path = f"/api/v1/cases/{written.json()['id']}"
    posted = await api.post(f"{path}/post")
    assert posted.status_code == 200
    patched = await api.patch(path, json={"visibility": "team"}, headers={"If-Match": posted.headers["ETag"]})
    assert list(patched.json()["errors"]) == ["visibility"]
    older = await create_case(session, owner=CHARLIE, state=State.DRAFT)
    older.team_id = None
    await session.flush()
    unseen = await api.post(f"/api/v1/cases/{older.id}/post")
    assert unseen.status_code == 409
    assert list(unseen.json()["errors"]) == ["visibility"]


async def test_an_unfinished_case_is_finished_and_then_reopened(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.DRAFT, customer="", title="", desired_state="")
    path = f"/cases/{case.id}"
    assert (await alice.post(f"{path}/withdraw", data={"reason": "Not now."})).status_code == 303
    refused = await alice.post(f"{path}/reopen", data={"reason": "Now."})
    assert refused.status_code == 422
    assert "Name the customer." in refused.text
    assert f'href="{path}/edit/deal#f-customer"' in refused.text
    assert f'href="{path}/edit/story#f-title"' in refused.text
    assert (await alice.post(f"{path}/edit/deal", data={"version": "2", "customer": "Havnelast AS"})).status_code == 303
    story = {name: FORM[name] for name in ("title", "obstacles", "situation", "desired_state")}
    assert (await alice.post(f"{path}/edit/story", data=story | {"version": "3"})).status_code == 303
    assert (await alice.post(f"{path}/reopen", data={"reason": "Now."})).status_code == 303
    reopened = await read(session, case.id)
    assert reopened is not None
    assert reopened.state is State.INVESTIGATING
