"""Whatever is sent, the answer is a clear refusal: nothing breaks, nothing is changed, nothing is forgotten."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.accounts.viewer import SCOPES
from app.core.db import Base
from app.core.pagination import Cursor
from tests.conftest import OpenApi, SignIn
from tests.examples import build_body, find_body, find_operation, spoil
from tests.routes import FORMS, ROUTES, Route, Things, create_things, find_actor
from tests.world import ALICE, BOB

CONTROLS = ["nul\x00inside", "escape\x1b[31m"]
TEN_MEGABYTES = b'{"title": "' + b"x" * 10_000_000 + b'"}'

NOT_TEXTS = {
    "next": "Where to go on: anything but a path of this site means the start page.",
    "password": "Any character may stand in a password: it is only hashed.",
    "current": "The same.",
}
"""Fields of forms that take a control character, and why."""

NOT_REACHED = {
    "choose_organisation": "Without the proof of a password it leads back to the sign-in page.",
    "take_link": "There is no such link.",
    "end_mail": "There is no such address.",
    "ask_for_link": "This site sends no mail.",
    "submit_set_up": "This site is set up.",
}
"""Routes whose form nobody of the cast gets to fill in; each has tests of its own."""

UNREADABLE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe",
    b'{"title": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"text": NaN, "limit": Infinity}',
    b"[" * 100_000,
    b'{"limit": ' + b"9" * 5_000 + b"}",
]

UNKNOWN_CODES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/cases?state=stuck", None),
    ("GET", "/cases?awaits=rain", None),
    ("GET", "/cases?obstacle=rain", None),
    ("GET", "/feed?obstacle=rain", None),
    ("GET", "/practices?obstacle=rain", None),
    ("GET", "/practices?trust=blind", None),
    ("GET", "/codes?kind=rain", None),
    ("POST", "/cases", {"obstacles": ["silent", "rain"]}),
    ("POST", "/cases", {"visibility": "nobody"}),
    ("PATCH", "/cases/{case_id}", {"industry": "rain"}),
    ("PATCH", "/cases/{case_id}", {"state": "shared"}),
    ("POST", "/cases/{case_id}/outcome", {"outcome": "rain", "plan": "A", "worked": "It did."}),
    ("POST", "/cases/{case_id}/hats", {"kind": "rain", "user_id": str(BOB.id)}),
    ("POST", "/cases/{case_id}/plans", {"move": "Call.", "effort": "none"}),
    ("POST", "/cases/{case_id}/plans/{plan_id}/objections", {"kind": "rain", "text": "No."}),
    ("POST", "/practices/{practice_id}/uses", {"result": "rain"}),
    ("POST", "/practices/{practice_id}/trust", {"trust": "blind"}),
    ("POST", "/matches/{match_id}/feedback", {"reason": "rain"}),
]

ODD_VALUES = ["%00", "%FF", "%ED%A0%80", "%0A%0D", "-1", "9" * 400, "9999-12-31T23:59:59.999999-23:59", "%7B%7D", "'--"]
QUERY_NAMES = (
    *(
        "q",
        "state",
        "obstacle",
        "outcome",
        "team",
        "language",
        "trust",
        "industry",
        "product",
        "kind",
        "email",
        "owner",
    ),
    *("owner_id", "team_id", "awaits", "whose", "age", "unmoved_days", "updated_since", "cursor", "limit", "next"),
    *("move", "positioning", "practice", "basis", "case", "token"),
    *("who", "action", "about", "since", "until", "before"),
)
ODD_HEADERS: list[dict[bytes, bytes]] = [
    {b"Host": b"["},
    {b"Host": b"a b\xff:99999999"},
    {b"Host": b""},
    {b"Cookie": b"unstuck_flash=done|\\x"},
    {b"Cookie": b"unstuck_flash=done|\\ud800"},
    {b"Cookie": b"unstuck_session=\xff\xfe; unstuck_language=\xff"},
    {b"Cookie": b'unstuck_session="\\000"; ;=;;'},
    {b"Accept-Language": b"\xff;q=\xff,nb;q=9e999,*;q=nan"},
    {b"Authorization": b"Bearer unstuck_00000000000000000000000000000000_\xff"},
    {b"Authorization": b"Bearer \x00"},
    {b"Unstuck-Act-As": b"\x00"},
    {b"Unstuck-Act-As": b"\xff" * 300},
    {b"Idempotency-Key": b"\x00"},
    {b"Idempotency-Key": b"\xff" * 10},
    {b"If-Match": b'"99999999999999999999"'},
    {b"Content-Type": b"multipart/form-data; boundary=\xff"},
    {b"Content-Type": b"application/x-www-form-urlencoded; charset=unicode_escape"},
    {b"Content-Type": b"\xff/json"},
    {b"Content-Length": b"many"},
    {b"Range": b"bytes=99999999999999999999-"},
    {b"Origin": b"http://["},
    {b"Referer": b"http://["},
    {b"User-Agent": b"\x00\xff" * 500},
]

FORM_ROUTES = [route for route in ROUTES if not route.is_api and FORMS.get(route.name) and route.method == "POST"]
API_ROUTES = [route for route in ROUTES if route.path.startswith("/api/v1/") and route.path != "/api/v1/openapi.json"]
BODY_ROUTES = [route for route in API_ROUTES if find_body(find_operation(route.method, route.path))]
VERSIONED_ROUTES = [route for route in API_ROUTES if "428" in find_operation(route.method, route.path)["responses"]]


@pytest.fixture
async def things(session: AsyncSession) -> Things:
    return await create_things(session, "A plain text")


OWN_TRACES = {"sessions", "api_keys", "sign_in_failures"}
"""Tables that a request may leave a trace in although it is refused: when somebody was last seen, and failures."""
TABLES = sorted({*Base.metadata.tables, "procrastinate_jobs"} - OWN_TRACES)


async def take_stock(connection: AsyncConnection) -> dict[str, str | None]:
    """A digest of every row of Alice's organisation, by table."""
    stock = {}
    for table in TABLES:
        query = f"SELECT md5(string_agg(row::text, '|' ORDER BY row::text)) FROM {table} AS row"  # noqa: S608
        stock[table] = (await connection.exec_driver_sql(query)).scalar()
    return stock


@pytest.fixture
async def _nothing_changes(things: Things, connection: AsyncConnection) -> AsyncIterator[None]:
    before = await take_stock(connection)
    yield
    assert await take_stock(connection) == before


def is_problem(response: httpx.Response, status: int) -> bool:
    return (
        response.status_code == status
        and response.headers["content-type"] == "application/problem+json"
        and response.json()["status"] == status
    )


def is_page(response: httpx.Response, status: int) -> bool:
    return response.status_code == status and response.headers["content-type"].startswith("text/html")


def name_version(route: Route) -> dict[str, str]:
    return {"If-Match": '"1"'} if route in VERSIONED_ROUTES else {}


REACHED = [route for route in FORM_ROUTES if route.name not in NOT_REACHED]


@pytest.mark.usefixtures("_nothing_changes")
class TestNothingChanges:
    """Requests that are refused, each in every place it can be sent to."""

    @pytest.mark.parametrize("route", BODY_ROUTES, ids=str)
    async def test_a_control_character_in_any_text_of_a_body(
        self, route: Route, things: Things, open_api: OpenApi
    ) -> None:
        api = await open_api(find_actor(route), *SCOPES)
        operation = find_operation(route.method, route.path)
        schema = find_body(operation)
        assert schema is not None
        taken = []
        for bad in CONTROLS:
            for where, body in spoil(schema, build_body(operation), bad):
                response = await api.request(
                    route.method, things.address(route), json=body, headers=name_version(route)
                )
                if not is_problem(response, 422):
                    taken.append((where, bad, response.status_code))
        assert taken == []

    @pytest.mark.parametrize("route", REACHED, ids=lambda route: route.name)
    async def test_a_control_character_in_any_field_of_a_form(
        self, route: Route, things: Things, sign_in: SignIn
    ) -> None:
        client = await sign_in(find_actor(route))
        taken = []
        for bad in CONTROLS:
            for name, value in FORMS[route.name].items():
                if name not in NOT_TEXTS:
                    form = FORMS[route.name] | {name: [bad] if isinstance(value, list) else bad}
                    response = await client.post(things.address(route), data=form)
                    if not is_page(response, 422):
                        taken.append((name, bad, response.status_code))
        assert taken == []

    @pytest.mark.parametrize("route", VERSIONED_ROUTES, ids=str)
    async def test_a_stale_version_or_none(self, route: Route, things: Things, open_api: OpenApi) -> None:
        api = await open_api(find_actor(route), *SCOPES)
        body = build_body(find_operation(route.method, route.path))
        for headers, status in (({"If-Match": '"999"'}, 412), ({}, 428), ({"If-Match": "newest"}, 400)):
            response = await api.request(route.method, things.address(route), json=body, headers=headers)
            assert is_problem(response, status)

    @pytest.mark.parametrize("name", ["save_section", "change_plan", "save_practice", "save_draft"])
    async def test_a_stale_form(self, name: str, things: Things, alice: httpx.AsyncClient) -> None:
        [route] = [route for route in FORM_ROUTES if route.name == name]
        form = FORMS[name] | {"version": "999", "action": "share" if name == "save_practice" else "save"}
        response = await alice.post(things.address(route), data=form)
        assert is_page(response, 412)
        assert form["move" if "move" in form else "title"] in response.text
        assert "A plain text" in response.text

    @pytest.mark.parametrize("route", BODY_ROUTES, ids=str)
    async def test_a_body_that_is_too_large_of_another_kind_or_unreadable(
        self, route: Route, things: Things, open_api: OpenApi
    ) -> None:
        api = await open_api(find_actor(route), *SCOPES)

        async def send(content: bytes, kind: str | None = "application/json") -> httpx.Response:
            headers = name_version(route) | ({"Content-Type": kind} if kind else {})
            return await api.request(route.method, things.address(route), content=content, headers=headers)

        assert is_problem(await send(TEN_MEGABYTES), 413)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", None):
            assert is_problem(await send(b'{"title": "x"}', kind), 415), kind
        for unreadable in UNREADABLE:
            response = await send(unreadable)
            assert is_problem(response, 400) or is_problem(response, 422), unreadable[:20]

    @pytest.mark.parametrize("route", REACHED, ids=lambda route: route.name)
    async def test_a_form_that_is_too_large_or_of_another_kind(
        self, route: Route, things: Things, sign_in: SignIn
    ) -> None:
        client = await sign_in(find_actor(route))
        large = await client.post(things.address(route), data=FORMS[route.name] | {"more": "x" * 10_000_000})
        assert is_page(large, 413)
        for kind in ("application/json", "text/plain", "multipart/form-data"):
            response = await client.post(things.address(route), content=b"title=x", headers={"Content-Type": kind})
            assert response.status_code in {400, 415}, kind

    @pytest.mark.parametrize(("method", "path", "body"), UNKNOWN_CODES)
    async def test_an_unknown_state_or_code(
        self, things: Things, open_api: OpenApi, method: str, path: str, body: dict[str, Any]
    ) -> None:
        api = await open_api(ALICE)
        address = f"/api/v1{path.format_map(things.ids)}"
        response = await api.request(method, address, json=body, headers={"If-Match": '"1"'})
        assert is_problem(response, 422)
        assert response.json()["errors"]

    @pytest.mark.parametrize("path", ["/cases?state=stuck", "/search?q=demo&state=stuck", "/practices?trust=blind"])
    async def test_an_unknown_state_in_the_address_of_a_page(self, path: str, alice: httpx.AsyncClient) -> None:
        assert is_page(await alice.get(path), 422)


async def test_an_odd_address_is_never_our_fault(
    things: Things, sign_in: SignIn, open_api: OpenApi, connection: AsyncConnection
) -> None:
    faults = []
    for route in ROUTES:
        actor = find_actor(route)
        client = await (open_api(actor) if route.is_api else sign_in(actor))
        for odd in ODD_VALUES:
            path = route.path.format_map(dict.fromkeys(things.ids, odd)) if route.takes_id else route.path
            query = "&".join(f"{name}={odd}" for name in QUERY_NAMES)
            savepoint = await connection.begin_nested()
            response = await client.request(route.method, f"{path}?{query}")
            await savepoint.rollback()
            if response.status_code >= 500 and route.name != "readyz":
                faults.append((str(route), odd, response.status_code))
    assert faults == []


@pytest.mark.parametrize("route", [route for route in ROUTES if route.takes_id and route.name != "save_deal"], ids=str)
async def test_an_id_that_is_none_leads_nowhere(route: Route, sign_in: SignIn, open_api: OpenApi) -> None:
    actor = find_actor(route)
    client = await (open_api(actor, *SCOPES) if route.is_api else sign_in(actor))
    path = re.sub(r"\{\w+\}", "no-id", route.path)
    response = await client.request(route.method, path, headers=name_version(route))
    assert response.status_code == 404


@pytest.mark.parametrize("headers", ODD_HEADERS, ids=str)
async def test_an_odd_header_is_never_our_fault(
    headers: dict[bytes, bytes], things: Things, alice: httpx.AsyncClient, open_api: OpenApi
) -> None:
    api = await open_api(ALICE)
    for client, method, path in (
        (alice, "GET", "/"),
        (alice, "POST", "/preferences"),
        (alice, "GET", "/nowhere"),
        (api, "GET", "/api/v1/cases"),
        (api, "POST", "/api/v1/similar-cases"),
        (api, "PATCH", f"/api/v1/cases/{things.ids['case_id']}"),
        (alice, "GET", "/static/css/base.css"),
    ):
        response = await client.request(method, path, headers=headers)
        assert response.status_code < 500, path


ENDS_OF_TIME = [datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), datetime.max.replace(tzinfo=UTC)]


@pytest.mark.parametrize("moment", ENDS_OF_TIME, ids=lambda moment: str(moment.year))
async def test_a_list_can_be_read_from_either_end_of_time(
    moment: datetime, things: Things, alice: httpx.AsyncClient, open_api: OpenApi
) -> None:
    api = await open_api(ALICE)
    cursor = Cursor(moment, ALICE.id).encode()
    for path in ("/", "/cases", "/practices", *(f"/api/v1/{name}" for name in ("cases", "practices", "feed", "users"))):
        client = api if path.startswith("/api/") else alice
        assert (await client.get(path, params={"cursor": cursor})).status_code == 200, path
    params = {"updated_since": moment.isoformat(), "cursor": cursor}
    assert (await api.get("/api/v1/cases", params=params)).status_code == 200


LETTERS = "Å\u0308 \u202eright to left\u202c \u200bzero\ufeff 👩‍💻 \U0010ffff ﷽ %s {0} $1 \\n"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_the_largest_and_oddest_values_that_are_taken_are_shown(
    day: str, things: Things, sign_in: SignIn, open_api: OpenApi
) -> None:
    api = await open_api(ALICE)
    case, plan = (f"/api/v1/cases/{things.ids['case_id']}", f"/plans/{things.ids['plan_id']}")
    deal = {
        "amount": "99999999999999.99",
        "currency": "XAF",
        "close_date": day,
        "url": "https://å.example/" + "x" * 400,
    }
    story = {"title": LETTERS, "situation": LETTERS * 100, "tags": [f"{n} {'x' * 50}" for n in range(10)], "deal": deal}
    changed = await api.patch(case, json=story, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    steps = [{"text": LETTERS, "due_on": day}] * 20
    planned = await api.patch(case + plan, json={"switch_on": day, "steps": steps}, headers={"If-Match": '"1"'})
    assert planned.status_code == 200, planned.text
    assert (await api.post(f"{case}/outcome", json={"outcome": "still_open", "follow_up_on": day})).status_code < 500
    for route in ROUTES:
        if route.method == "GET" and not route.is_api:
            response = await (await sign_in(find_actor(route))).get(things.address(route))
            assert response.status_code < 500 or route.name == "readyz", route
