"""What every request meets: a language, a bounded body, a form of error its caller can read."""

from uuid import uuid4

import httpx
import pytest

from app.core.i18n import guess_language
from tests.conftest import OpenApi
from tests.world import ALICE


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("nb-NO,nb;q=0.9,en;q=0.8", "nb"),
        ("nn-NO,nn;q=0.9", "nb"),
        ("no", "nb"),
        ("sv-SE,sv;q=0.9", "sv"),
        ("en-GB", "en"),
        ("fi-FI,fi;q=0.9,sv;q=0.5", "sv"),
        ("de", "en"),
        ("", "en"),
        (";;;,,=", "en"),
    ],
)
def test_the_browser_says_which_language(header: str, language: str) -> None:
    assert guess_language(header) == language


async def test_a_large_body_is_refused_before_it_is_read(open_api: OpenApi) -> None:
    api = await open_api(ALICE)
    response = await api.post("/api/v1/cases", content=b"x" * 10_000_000, headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.json()["code"] == "too_large"


async def test_a_large_form_is_refused_as_a_page(alice: httpx.AsyncClient) -> None:
    response = await alice.post(f"/cases/{uuid4()}/draft", data={"title": "x" * 10_000_000})
    assert response.status_code == 413
    assert "<html" in response.text


@pytest.mark.parametrize("body", ["{", "not json", '{"title": }', "\x00"])
async def test_malformed_json_is_a_400(open_api: OpenApi, body: str) -> None:
    api = await open_api(ALICE)
    response = await api.post("/api/v1/cases", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_unknown_address_is_a_problem_for_programs_and_a_page_for_people(
    open_api: OpenApi, alice: httpx.AsyncClient
) -> None:
    problem = await (await open_api(ALICE)).get("/api/v1/nowhere")
    assert (problem.status_code, problem.json()["status"]) == (404, 404)
    page = await alice.get("/nowhere")
    assert page.status_code == 404
    assert "<html" in page.text


async def test_a_wrong_method_is_a_405(open_api: OpenApi) -> None:
    response = await (await open_api(ALICE)).put("/api/v1/cases")
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_page_nobody_may_see_leads_to_sign_in_and_back(visitor: httpx.AsyncClient) -> None:
    response = await visitor.get("/cases?state=trying")
    assert response.status_code == 303
    assert response.headers["location"].endswith("/sign-in?next=%2Fcases%3Fstate%3Dtrying")
