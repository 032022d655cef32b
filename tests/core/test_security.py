"""Where a write may come from, and what every response carries."""

import httpx
import pytest
from starlette.datastructures import Headers

from app.core.errors import Forbidden
from app.core.security import create_token, hash_password, hash_token, refuse_cross_site, verify_password


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"host": "unstuck.test", "origin": "http://unstuck.test"},
        {"host": "unstuck.test"},
    ],
)
def test_a_write_from_here_passes(headers: dict[str, str]) -> None:
    refuse_cross_site("POST", Headers(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "host": "unstuck.test", "origin": "http://unstuck.test"},
        {"host": "unstuck.test", "origin": "https://evil.test"},
        {"host": "unstuck.test", "origin": "null"},
    ],
)
def test_a_write_from_elsewhere_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        refuse_cross_site("POST", Headers(headers))


def test_reading_from_elsewhere_is_allowed() -> None:
    refuse_cross_site("GET", Headers({"sec-fetch-site": "cross-site"}))


def test_a_password_is_recognised_and_no_other() -> None:
    stored = hash_password("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert verify_password("correct horse battery", stored)
    assert not verify_password("wrong horse battery", stored)
    assert not verify_password("correct horse battery", None)


def test_tokens_differ_and_are_stored_as_digests() -> None:
    first, second = create_token(), create_token()
    assert first != second
    assert hash_token(first) != first
    assert len(hash_token(first)) == 64


async def test_every_response_carries_the_security_headers(visitor: httpx.AsyncClient) -> None:
    for path in ("/sign-in", "/healthz", "/api/v1/me", "/nowhere"):
        response = await visitor.get(path)
        policy = response.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-request-id"]
        assert response.headers["server-timing"].startswith("total;dur=")
