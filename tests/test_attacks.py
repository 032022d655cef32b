"""Somebody of another organisation finds nothing, and what people write is shown and never run.

Both go through every route the application has: a new one is tried as soon as it is there.
"""

from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.accounts.viewer import SCOPES
from app.core.db import SessionFactory
from app.embeddings.slot import ModelSlot
from app.similar.jobs import refresh_case
from tests.conftest import OpenApi, SignIn
from tests.examples import build_body, build_files, find_operation
from tests.factories import create_case
from tests.routes import FORMS, ROUTES, Route, Things, create_things, find_actor
from tests.world import ALICE, BOB, CAST, DORA, MONA, Person

WORD = "Quellhafen"
"""A word that stands in everything of Alice's organisation, and nowhere else."""

THINGS_OF_HER_OWN = {"save_draft", "autosave_draft", "save_deal"}
"""Whoever writes a case gives it the id that came with the empty form, and a CRM its deal its own: what is taken in
another organisation names nothing there, so Dora writes a draft and a deal of her own under it."""

Send = Callable[[Route], Awaitable[httpx.Response]]


@pytest.fixture
async def things(session: AsyncSession) -> Things:
    return await create_things(session, WORD)


async def index(things: Things, factory: SessionFactory) -> None:
    """Let search and similar cases know the things, by their words."""
    for ids in (things.ids, *things.special.values()):
        await refresh_case(factory, ModelSlot(None), ALICE.organisation_id, ids["case_id"])


def send_as(client: httpx.AsyncClient, things: Things) -> Send:
    """How a client sends a plausible request to a route about these things."""

    async def send(route: Route) -> httpx.Response:
        path = things.address(route)
        if not route.is_api:
            return await client.request(route.method, path, data=FORMS.get(route.name))
        operation = find_operation(route.method, route.path)
        headers = {"If-Match": '"1"'} if route.method in {"PATCH", "DELETE"} else {}
        return await client.request(
            route.method, path, json=build_body(operation), files=build_files(operation), headers=headers
        )

    return send


ABOUT_SOMETHING = [route for route in ROUTES if route.takes_id]


def test_every_form_is_known() -> None:
    assert {route.name for route in ROUTES if route.method == "POST" and not route.is_api} == set(FORMS)


async def test_nothing_of_another_organisation_is_there(
    things: Things, dora: httpx.AsyncClient, open_api: OpenApi
) -> None:
    api = await open_api(DORA, *SCOPES)
    answers = {}
    for route in ABOUT_SOMETHING:
        response = await send_as(api if route.is_api else dora, things)(route)
        answers[route] = response.status_code
        assert WORD not in response.text, route
    assert len(answers) > 80
    others = {str(route): status for route, status in answers.items() if status != 404}
    expected = [route for route in ABOUT_SOMETHING if route.name in THINGS_OF_HER_OWN]
    assert set(others) == set(map(str, expected))


async def test_what_dora_writes_under_the_id_of_a_draft_is_another_draft(
    things: Things, dora: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    [route] = [route for route in ROUTES if route.name == "save_draft"]
    address = things.address(route)
    before = (await alice.get(address)).text
    assert (await dora.post(address, data={"title": "Of her own"})).status_code == 303
    assert "Of her own" in (await dora.get(address)).text
    assert WORD not in (await dora.get(address)).text
    assert (await alice.get(address)).text == before


async def test_the_same_addresses_lead_somewhere_for_those_who_may(
    things: Things, sign_in: SignIn, open_api: OpenApi, connection: AsyncConnection
) -> None:
    lost = []
    for route in ABOUT_SOMETHING:
        if "{token}" in route.path:
            continue
        actor = find_actor(route)
        client = await (open_api(actor, *SCOPES) if route.is_api else sign_in(actor))
        savepoint = await connection.begin_nested()
        response = await send_as(client, things)(route)
        await savepoint.rollback()
        if response.status_code in {403, 404} or response.status_code >= 500:
            lost.append((str(route), response.status_code))
    assert lost == []


LISTS = [route for route in ROUTES if route.method == "GET" and not route.takes_id]
SEARCHES = [
    "/?obstacle=silent",
    "/cases?whose=all",
    "/cases?whose=all&state=trying",
    f"/cases?whose=all&owner={ALICE.id}",
    "/practices?obstacle=silent",
    f"/search?q={WORD}",
    f'/search?q="{WORD}"&state=trying',
    "/search?q=status:open",
    f"/search?q=by:{ALICE.email}",
    f'/api/v1/search?q="{WORD}"',
    f"/api/v1/search?q=tag:{WORD}",
    "/api/v1/search?q=-nothing",
    "/api/v1/cases?whose=all",
    f"/api/v1/cases?owner_id={ALICE.id}",
    f"/api/v1/cases?team_id={ALICE.team_id}",
    "/api/v1/cases?updated_since=2020-01-01T00:00:00Z",
    f"/api/v1/users?email={ALICE.email}",
    f"/api/v1/feed?team={ALICE.team_id}",
    f"/api/v1/practices?team={ALICE.team_id}",
]


async def test_nothing_of_another_organisation_is_listed_found_or_fed(
    things: Things, session_factory: SessionFactory, dora: httpx.AsyncClient, open_api: OpenApi
) -> None:
    await index(things, session_factory)
    api = await open_api(DORA, *SCOPES)
    forbidden = {WORD, *things.all_ids, *(str(person.id) for person in CAST if person is not DORA), ALICE.email}
    for path in [route.path for route in LISTS] + SEARCHES:
        response = await (api if path.startswith("/api/") else dora).get(path)
        assert response.status_code in {200, 303, 404, 422, 503}, path
        seen = response.text.replace(path.partition("?")[2], "").replace(f'value="{WORD}"', "")
        assert [secret for secret in forbidden if secret in seen and secret not in path] == [], path
    typed = await dora.post("/similar/typing", data={"title": WORD, "situation": f"{WORD} {WORD}"})
    assert typed.status_code == 200
    assert WORD not in typed.text
    similar = await api.post("/api/v1/similar-cases", json={"text": f"{WORD} {WORD}"})
    assert similar.json()["learn"] == similar.json()["join"] == []


async def test_the_same_lists_are_full_for_a_colleague(
    things: Things, session_factory: SessionFactory, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    await index(things, session_factory)
    api = await open_api(BOB)
    for path in ("/", "/cases?whose=all", "/practices", f"/search?q={WORD}", "/api/v1/cases", "/api/v1/practices"):
        response = await (api if path.startswith("/api/") else bob).get(path)
        assert response.text.count(WORD) > 2, path
    similar = (await api.post("/api/v1/similar-cases", json={"text": f"{WORD} {WORD}"})).json()
    assert similar["learn"]
    assert similar["join"]


FOREIGN_IDS: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", "/cases/{case}", {"team_id": str(ALICE.team_id)}),
    ("POST", "/cases", {"owner": ALICE.email}),
    ("POST", "/cases", {"owner": str(ALICE.id)}),
    ("POST", "/cases/{case}/questions", {"text": "Who?", "addressed_to_id": str(MONA.id)}),
    ("POST", "/cases/{case}/hats", {"kind": "expert", "user_id": str(BOB.id)}),
    ("POST", "/cases/{case}/plans", {"move": "Call.", "steps": [{"text": "Call", "owner_id": str(BOB.id)}]}),
    ("POST", "/cases/{case}/plans", {"move": "Call.", "basis_case_id": "{case_id}"}),
    ("POST", "/cases/{case}/plans", {"move": "Call.", "basis_practice_id": "{practice_id}"}),
    ("POST", "/matches/{case}/feedback", {"reason": "other", "asking_case_id": "{case_id}"}),
    ("POST", "/matches/{case}/questions", {"text": "How?", "asking_case_id": "{case_id}"}),
]


@pytest.mark.parametrize(("method", "path", "body"), FOREIGN_IDS)
async def test_an_id_of_another_organisation_in_a_body_names_nothing(
    things: Things, session: AsyncSession, open_api: OpenApi, method: str, path: str, body: dict[str, Any]
) -> None:
    case = await create_case(session, owner=DORA, skip_questions_reason="A reason.")
    api = await open_api(DORA)
    sent = {name: value.format_map(things.ids) if isinstance(value, str) else value for name, value in body.items()}
    address = f"/api/v1{path.format(case=case.id)}"
    response = await api.request(method, address, json=sent, headers={"If-Match": f'"{case.version}"'})
    assert response.status_code == 422, response.text
    assert WORD not in response.text


async def test_dora_acts_for_nobody_of_another_organisation(open_api: OpenApi) -> None:
    api = await open_api(DORA)
    for somebody in (ALICE.email, str(ALICE.id)):
        assert (await api.get("/api/v1/me", headers={"Unstuck-Act-As": somebody})).status_code == 403


MARKUP = "\"'></title></textarea><script>run()</script><i onclick=x>"
"""Breaks out of a title, a text field and an attribute in either kind of quotes; as short as a tag of a case."""


class Reader(HTMLParser):
    """Collects what a browser would run, and what it would show."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script" and not (values.get("src") or "").startswith("/static/"):
            self.running.append(self.get_starttag_text() or tag)
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or (name in {"href", "src", "action"} and address.startswith("javascript:")):
                self.running.append(self.get_starttag_text() or tag)
            self.text += f"{value} "

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


PAGES = [route for route in ROUTES if route.method == "GET" and not route.is_api and "{token}" not in route.path]
MACHINE_PAGES = {"healthz", "readyz", "metrics", "set_up", "static"}


async def test_markup_in_any_text_is_shown_on_every_page_and_run_on_none(
    session: AsyncSession, session_factory: SessionFactory, sign_in: SignIn
) -> None:
    things = await create_things(session, MARKUP)
    await index(things, session_factory)
    shown = set()
    pages = [(route, things.address(route)) for route in PAGES if route.name not in MACHINE_PAGES]
    shared = await visit_shared_case(sign_in, things)
    for person in (ALICE, MONA, None):
        for route, path in pages:
            client = await sign_in(person or find_actor(route))
            response = await client.get(path, params={"q": MARKUP} if route.name == "search" else None)
            assert response.status_code in {200, 303, 403, 404, 409}, path
            reader = read(response.text)
            assert reader.running == [], path
            if MARKUP in reader.text:
                shown.add(route.name)
    assert shared.running == []
    assert {
        "case_detail",
        "practice_detail",
        "list_cases",
        "list_practices",
        "home",
        "search",
        "similar_panel",
        "what_worked",
    } <= shown
    assert {
        "edit_draft",
        "edit_section",
        "edit_plan",
        "choose_plan",
        "answer_objection",
        "earlier_case",
        "report_outcome",
    } <= shown
    assert {"list_people", "person_detail", "list_teams", "team_detail", "list_keys", "account", "show_hat"} <= shown


async def visit_shared_case(sign_in: SignIn, things: Things) -> Reader:
    response = await (await sign_in(ALICE)).get(f"/cases/{things.special['share_case']['case_id']}")
    assert response.status_code == 200
    return read(response.text)


@pytest.mark.parametrize("name", sorted(name for name, form in FORMS.items() if form))
async def test_markup_in_a_form_comes_back_as_text(name: str, session: AsyncSession, sign_in: SignIn) -> None:
    [route] = [route for route in ROUTES if route.name == name and not route.is_api]
    things = await create_things(session, WORD)
    client = await sign_in(find_actor(route))
    form = {key: [MARKUP] if isinstance(value, list) else MARKUP for key, value in FORMS[name].items()}
    response = await client.post(things.address(route), data=form)
    assert response.status_code in {200, 303, 404, 409, 422}
    assert read(response.text).running == []


@pytest.mark.parametrize("person", [ALICE, MONA])
async def test_markup_in_an_address_comes_back_as_text(person: Person, sign_in: SignIn) -> None:
    client = await sign_in(person)
    for path in ("/", "/cases", "/practices", "/search", "/sign-in", f"/{MARKUP}"):
        for name in ("q", "next", "cursor", "obstacle", "product", "whose", MARKUP):
            response = await client.get(path, params={name: MARKUP})
            assert response.status_code < 500
            assert read(response.text).running == [], path


async def test_a_link_that_runs_something_is_refused(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    api = await open_api(ALICE)
    for url in ("javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example"):
        response = await api.patch(
            f"/api/v1/cases/{case.id}", json={"deal": {"url": url}}, headers={"If-Match": f'"{case.version}"'}
        )
        assert response.status_code == 422, url
