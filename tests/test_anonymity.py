"""A case posted without a name: the owner's own managers read who it is, and nothing tells anybody else."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AuditEvent, StandIn
from app.cases.models import Case, Visibility
from app.exports.content import Extent, list_tables, select_rows
from app.exports.models import Scope
from app.notifications.models import Notification
from tests.conftest import OpenApi, SignIn, WorkOff
from tests.factories import create_case
from tests.routes import ROUTES
from tests.world import ADAM, ALICE, BOB, CAST, CHARLIE, LENA, MONA, Person

ANONYMOUS = "Anonymous colleague"
CASE: dict[str, Any] = {
    "title": "Quiet after the demo",
    "customer": "Havnelast AS",
    "obstacles": ["silent"],
    "situation": "They loved the demo three weeks ago.",
    "desired_state": "A meeting before Christmas.",
    "visibility": "everyone",
    "anonymous": True,
}
PLAN = {
    "move": "Give the CFO the calculation on one page.",
    "positioning": "These are your own figures.",
    "good_customer": "She need not start over.",
    "bad_customer": "She has to read a sheet.",
    "good_us": "An owner who can sign.",
    "bad_us": "Takes two weeks.",
    "effort": "small",
    "switch_rule": "No yes to a meeting.",
    "switch_on": "2026-12-02",
}
STORY = {
    "title": "Go to those who have the problem every day",
    "when_to_use": "The one who drove it has left.",
    "what_to_do": "Ask for one thing before the last day.",
    "what_to_say": "This was never one person's project.",
    "why_it_worked": "A manager is measured on nothing going wrong.",
    "when_not_to": "When the successor has plans of her own.",
}


async def send(api: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    response = await api.post(f"/api/v1{path}", json=body)
    assert response.status_code in {200, 201, 204}, (path, response.text)
    return response.json() if response.content else {}


async def share(
    told: dict[str, str], own: httpx.AsyncClient, peer: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    """The case becomes a practice, which others use, discuss and validate."""
    practice = await send(own, f"/cases/{told['case_id']}/share", STORY)
    told["practice_id"] = practice["id"]
    at = f"/practices/{practice['id']}"
    headers = {"If-Match": (await own.get(f"/api/v1{at}")).headers["etag"]}
    rewritten = {"when_not_to": "When the successor is permanent."}
    assert (await own.patch(f"/api/v1{at}", json=rewritten, headers=headers)).status_code == 200
    await send(own, f"{at}/comments", {"text": "Ask the night shift first."})
    await send(peer, f"{at}/uses", {"result": "worked"})
    assert (await own.post(f"/api/v1{at}/uses", json={"result": "worked"})).status_code == 409
    for kind in ("case", "practice"):
        await send(own, "/marks", {"purpose": "bookmark", "kind": kind, "key": told[f"{kind}_id"]})
    await send(manager, f"{at}/trust", {"trust": "validated"})


@pytest.fixture
async def told(session: AsyncSession, open_api: OpenApi) -> dict[str, str]:
    """Alice takes a case from the first word to the practice, and does everything an owner can do on the way."""
    own, peer, manager = await open_api(ALICE), await open_api(BOB), await open_api(MONA)
    draft = await send(own, "/cases", CASE)
    place = f"/cases/{draft['id']}"
    file = {"file": ("offer.txt", b"An offer", "text/plain")}
    assert (await own.post(f"/api/v1{place}/attachments", files=file)).status_code == 201
    posted = await send(own, f"{place}/post")
    assert posted["owner"]["name"] == posted["author"]["name"] == ANONYMOUS
    told = {"case_id": posted["id"]}
    keep = told.__setitem__

    asked = await send(peer, f"{place}/questions", {"text": "Who signs?"})
    keep("question_id", asked["id"])
    await send(own, f"{place}/questions/{asked['id']}/answer", {"answer": "The CFO, until August."})
    other = await send(peer, f"{place}/questions", {"text": "Since when?"})
    await send(own, f"{place}/questions/{other['id']}/answer", {"answer": "Since May."})
    hat = await send(own, f"{place}/hats", {"kind": "sparring_partner", "user_id": str(BOB.id)})
    keep("hat_id", hat["id"])
    await send(peer, f"{place}/hats/{hat['id']}/accept")
    step = {"text": "Send it", "owner_id": posted["owner"]["id"]}
    plan = await send(own, f"{place}/plans", PLAN | {"steps": [step]})
    keep("plan_id", plan["id"])
    await send(own, f"{place}/plans", PLAN | {"move": "Let the captain tell the board."})
    objection = await send(
        own, f"{place}/plans/{plan['id']}/objections", {"kind": "tried_before", "text": "We sent one in May."}
    )
    keep("objection_id", objection["id"])
    answered = {"answer": "That one was ours."}
    await send(own, f"{place}/plans/{plan['id']}/objections/{objection['id']}/answer", answered)
    await send(own, f"{place}/plans/{plan['id']}/choose", {"reason": "The CFO owns the budget."})
    await send(own, f"{place}/plans/{plan['id']}/steps/{plan['steps'][0]['id']}/done")
    comment = await send(own, f"{place}/comments", {"text": "It went out today."})
    keep("comment_id", comment["id"])
    bobs = await create_case(session, owner=BOB, title="Another silent port", visibility=Visibility.EVERYONE)
    link = await send(own, f"{place}/links", {"kind": "related", "other_id": str(bobs.id)})
    keep("link_id", link["id"])
    now = await own.get(f"/api/v1{place}")
    changed = {"situation": "They loved the demo four weeks ago."}
    headers = {"If-Match": now.headers["etag"]}
    assert (await own.patch(f"/api/v1{place}", json=changed, headers=headers)).status_code == 200
    await send(own, f"{place}/outcome", {"outcome": "won_a", "plan": "A", "worked": "Her own figures."})
    await share(told, own, peer, manager)
    feedback = {"reason": "other_obstacle", "asking_case_id": told["case_id"]}
    await send(own, f"/matches/{bobs.id}/feedback", feedback)
    return told


def strip_choices(text: str) -> str:
    """A page without the lists of people one can choose from, where every colleague stands."""
    return re.sub(r"<option.*?</option>", "", text, flags=re.DOTALL)


def tells(response: httpx.Response, person: Person = ALICE) -> bool:
    text = strip_choices(response.text)
    return any(mark in text for mark in (str(person.id), person.name, person.email))


LISTING_COLLEAGUES = {"/admin", "/admin/people/new", "/api/v1/users", "/api/v1/teams", "/marks", "/admin/audit"}


def list_readings(told: dict[str, str]) -> list[str]:
    """Every page and every answer of the API that can be about the case."""
    paths = []
    for route in ROUTES:
        if route.method == "GET" and "person" not in route.name and "user_id" not in route.path:
            try:
                paths.append(route.path.format_map(told))
            except KeyError:
                continue
    searches = ["/cases?whose=all", "/search?q=demo", "/api/v1/search?q=demo", "/search?q=by:anonymous"]
    return [*paths, *searches, f"/admin/audit?case={told['case_id']}", "/?scope=all", "/api/v1/feed?scope=all"]


@pytest.mark.parametrize("reader", [BOB, CHARLIE, LENA, ADAM], ids=lambda person: person.key)
async def test_nothing_tells_a_colleague_who_posted(
    reader: Person, told: dict[str, str], sign_in: SignIn, open_api: OpenApi
) -> None:
    page, api = await sign_in(reader), await open_api(reader, "cases:read", "admin", "export:read", "act-as")
    read, telling = 0, []
    for path in list_readings(told):
        response = await (api if path.startswith("/api/") else page).get(path)
        assert response.status_code < 500 or path == "/readyz", path
        read += response.status_code == 200
        if tells(response) and path not in LISTING_COLLEAGUES:
            telling.append(path)
    assert telling == []
    assert read > 40


async def test_the_name_stands_nowhere_beside_the_case(told: dict[str, str], adam: httpx.AsyncClient) -> None:
    """Where colleagues are listed anyway, nothing leads from Alice to the case."""
    trail = strip_choices((await adam.get("/admin/audit")).text)
    rows = [row for row in re.split(r"<(?:tr|li)\b", trail) if CASE["title"] in row or told["case_id"] in row]
    assert rows
    assert not any(ALICE.name in row for row in rows)


async def test_colleagues_read_somebody_without_a_name(told: dict[str, str], bob: httpx.AsyncClient) -> None:
    page = (await bob.get(f"/cases/{told['case_id']}")).text
    assert page.count(ANONYMOUS) > 5
    assert ANONYMOUS in (await bob.get(f"/practices/{told['practice_id']}")).text


async def test_the_own_manager_reads_who_it_is(
    told: dict[str, str], mona: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    address = f"/cases/{told['case_id']}"
    assert f"Posted by {ALICE.name}, without the name." in (await mona.get(address)).text
    assert "You posted this without your name" in (await alice.get(address)).text


@pytest.mark.usefixtures("told")
async def test_what_happens_is_told_to_the_person_and_to_no_stand_in(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await work_off()
    rows = (await session.execute(select(Notification.user_id, Notification.kind))).all()
    people = {person.id: person.key for person in CAST}
    kinds = {(people[user_id], kind.value) for user_id, kind in rows}
    assert kinds >= {("alice", "question"), ("alice", "practice_used"), ("bob", "answer"), ("bob", "hat_asked")}
    assert not kinds & {("alice", "answer"), ("alice", "case_shared"), ("alice", "comment")}
    assert "Bob Fjord asks a question" in (await alice.get("/notifications")).text
    assert f"{ANONYMOUS} answered your question" in (await bob.get("/notifications")).text
    assert not tells(await bob.get("/notifications"))


async def test_it_is_the_persons_own_case_still(
    session: AsyncSession, alice: httpx.AsyncClient, open_api: OpenApi
) -> None:
    api = await open_api(ALICE)
    draft = await send(api, "/cases", CASE | {"visibility": "restricted"})
    place = f"/cases/{draft['id']}"
    await send(api, f"{place}/post")
    peer = await open_api(BOB)
    assert (await peer.get(f"/api/v1{place}")).status_code == 404
    assert (await (await open_api(MONA)).get(f"/api/v1{place}")).status_code == 200
    await send(await open_api(MONA), f"{place}/questions", {"text": "Who signs?"})
    assert CASE["title"] in (await alice.get("/cases")).text
    assert "Answer Mona Fjord" in (await alice.get("/waiting")).text
    assert [match["id"] for match in (await api.get("/api/v1/cases?whose=mine")).json()["items"]] == [draft["id"]]
    found = (await api.get("/api/v1/search?q=by:me")).json()
    assert draft["id"] in str(found)


async def test_when_the_person_leaves_the_case_waits_for_the_managers_who_know(
    session: AsyncSession, open_api: OpenApi, mona: httpx.AsyncClient, adam: httpx.AsyncClient
) -> None:
    own = await open_api(ALICE)
    draft = await send(own, "/cases", CASE)
    await send(own, f"/cases/{draft['id']}/post")
    await adam.post(f"/admin/people/{ALICE.id}/deactivate", data={"heir": str(BOB.id)})
    case = (await session.scalars(select(Case).where(Case.id == draft["id"]))).one()
    assert case.owner_id != BOB.id
    assert f"{ANONYMOUS} has left: hand the case over" in (await mona.get("/waiting")).text
    await send(await open_api(MONA), f"/cases/{draft['id']}/hand-over", {"owner": str(BOB.id)})
    await session.refresh(case)
    assert case.owner_id == BOB.id


async def test_a_draft_withdrawn_by_name_is_not_posted_without_it(open_api: OpenApi) -> None:
    own = await open_api(ALICE)
    draft = await send(own, "/cases", CASE)
    place = f"/cases/{draft['id']}"
    await send(own, f"{place}/withdraw", {"reason": "Too early."})
    refused = await own.post(f"/api/v1{place}/reopen", json={"reason": "Now."})
    assert refused.status_code == 409
    assert (await own.get(f"/api/v1{place}")).json()["state"] == "withdrawn"


async def test_given_to_the_person_by_name_the_case_is_the_persons_by_name(open_api: OpenApi) -> None:
    own = await open_api(ALICE)
    draft = await send(own, "/cases", CASE)
    place = f"/cases/{draft['id']}"
    await send(own, f"{place}/post")
    await send(await open_api(MONA), f"{place}/hand-over", {"owner": str(ALICE.id)})
    comment = await send(own, f"{place}/comments", {"text": "I take it on."})
    assert comment["author"]["name"] == ALICE.name
    standing = await own.get(f"/api/v1{place}")
    changed = await own.patch(
        f"/api/v1{place}", json={"product": "Rutekart"}, headers={"If-Match": standing.headers["etag"]}
    )
    assert changed.status_code == 200
    assert changed.json()["owner"]["name"] == ALICE.name


async def test_what_the_person_takes_back_on_another_case_tells_nothing(
    session: AsyncSession, open_api: OpenApi
) -> None:
    own, peer = await open_api(ALICE), await open_api(BOB)
    draft = await send(own, "/cases", CASE)
    await send(own, f"/cases/{draft['id']}/post")
    bobs = await create_case(session, owner=BOB, visibility=Visibility.EVERYONE)
    linked = await send(peer, f"/cases/{bobs.id}/links", {"kind": "related", "other_id": draft["id"]})
    assert (await own.delete(f"/api/v1/cases/{bobs.id}/links/{linked['id']}")).status_code == 204
    actors = await session.scalars(select(AuditEvent.user_id).where(AuditEvent.action == "case.unlinked"))
    assert ALICE.id not in set(actors)


async def test_a_repeated_request_is_answered_as_the_first_was(open_api: OpenApi) -> None:
    own = await open_api(ALICE)
    draft = await send(own, "/cases", CASE)
    answers = [
        await own.post(f"/api/v1/cases/{draft['id']}/post", headers={"Idempotency-Key": "post-it"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_who_is_asked_by_name_answers_by_name(open_api: OpenApi, session: AsyncSession) -> None:
    """Bob cannot know that Alice posted it; the stand-in answering in her place would tell."""
    own, peer = await open_api(ALICE), await open_api(BOB)
    draft = await send(own, "/cases", CASE)
    place = f"/cases/{draft['id']}"
    await send(own, f"{place}/post")
    asked = await send(peer, f"{place}/questions", {"text": "Seen this?", "addressed_to_id": str(ALICE.id)})
    answered = await send(own, f"{place}/questions/{asked['id']}/answer", {"answer": "Once."})
    assert answered["answered_by"]["name"] == ALICE.name
    hat = await send(await open_api(MONA), f"{place}/hats", {"kind": "sparring_partner", "user_id": str(ALICE.id)})
    await send(own, f"{place}/hats/{hat['id']}/accept")
    actors = await session.execute(
        select(AuditEvent.action, AuditEvent.user_id).where(AuditEvent.case_id == draft["id"])
    )
    assert {action for action, user_id in actors if user_id == ALICE.id} == {"question.answered", "hat.accepted"}


async def test_only_the_owner_posts_without_a_name(open_api: OpenApi) -> None:
    program = await open_api(ALICE, "cases:read", "cases:write", act_as=False)
    draft = await send(program, "/cases", CASE | {"owner": ALICE.email})
    refused = await program.post(f"/api/v1/cases/{draft['id']}/post")
    assert refused.status_code == 403
    assert (await program.get(f"/api/v1/cases/{draft['id']}")).json()["state"] == "draft"


async def test_what_is_posted_keeps_its_name_or_its_silence(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    api = await open_api(ALICE)
    refused = await api.patch(f"/api/v1/cases/{case.id}", json={"anonymous": True}, headers={"If-Match": '"1"'})
    assert refused.status_code == 422
    assert "anonymous" in refused.json()["errors"]


@pytest.mark.usefixtures("told")
async def test_nobody_can_be_asked_to_be_a_stand_in(session: AsyncSession, open_api: OpenApi) -> None:
    stand_in = (await session.scalars(select(StandIn))).one().user_id
    case = await create_case(session, owner=BOB, visibility=Visibility.EVERYONE)
    api = await open_api(BOB)
    for path, body in (
        ("hats", {"kind": "sparring_partner", "user_id": str(stand_in)}),
        ("questions", {"text": "Why?", "addressed_to_id": str(stand_in)}),
    ):
        refused = await api.post(f"/api/v1/cases/{case.id}/{path}", json=body)
        assert refused.status_code == 422, path
    people = (await (await open_api(ADAM, "cases:read", "admin", "act-as")).get("/api/v1/users")).text
    assert ALICE.name in people
    assert ANONYMOUS not in people


async def test_an_export_tells_the_person_alone(told: dict[str, str], session: AsyncSession) -> None:
    async def export(scope: Scope, *, own: bool = False) -> dict[str, list[str]]:
        """By table, the rows about the case."""
        extent = Extent(ALICE.organisation_id, scope, ALICE.id if scope is Scope.PERSON else None, with_drafts=own)
        queries = {table.name: select_rows(table, extent) for table in list_tables()}
        rows = {
            name: [str(row) for row in (await session.execute(query)).all()]
            for name, query in queries.items()
            if query is not None
        }
        return {name: about for name, of in rows.items() if (about := [row for row in of if told["case_id"] in row])}

    everything = await export(Scope.ORGANISATION)
    assert set(everything) > {"cases", "comments", "questions", "case_moves", "audit_events"}
    assert not any(str(ALICE.id) in row for rows in everything.values() for row in rows)
    assert set(await export(Scope.PERSON, own=True)) > {"cases", "comments", "questions"}
    assert await export(Scope.PERSON) == {}


async def test_the_form_posts_without_a_name(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    blank = (await alice.get("/cases/new")).text
    assert "Post it without my name" in blank
    address = re.search(r'action="(/cases/[^"]+/draft)"', blank)
    assert address is not None
    form = CASE | {"action": "save", "anonymous": "true", "title": "Silent since May"}
    assert (await alice.post(address[1], data=form)).status_code == 303
    assert re.search(r'name="anonymous" value="true" checked', (await alice.get(address[1])).text)
    assert (await alice.post(address[1], data=form | {"action": "post", "version": "2"})).status_code == 303
    case = (await session.scalars(select(Case).where(Case.title == "Silent since May"))).one()
    page = (await bob.get(f"/cases/{case.id}")).text
    assert ANONYMOUS in page
    assert ALICE.name not in strip_choices(page)
