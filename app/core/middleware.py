"""What happens to every request: an id, a language, a bounded body, a measured time, a log line."""

import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from uuid import uuid4

import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import TooLarge
from app.core.i18n import LANGUAGES, guess_language, set_language
from app.core.i18n import gettext as _

LANGUAGE_COOKIE = "unstuck_language"

QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/static/")
"""Measured but not logged: they say nothing and drown what does."""

log = structlog.get_logger("request")
DURATION = Histogram(
    "unstuck_request_seconds",
    "Server time of a request.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


class Requests:
    """Gives each request its id and language, measures it, and logs it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        request_id = uuid4().hex[:12]
        scope.setdefault("state", {})["request_id"] = request_id
        set_language(_choose_language(headers))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500

        async def send_measured(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                elapsed = (time.perf_counter() - started) * 1000
                response_headers = MutableHeaders(scope=message)
                response_headers["X-Request-Id"] = request_id
                response_headers.append("Server-Timing", f"total;dur={elapsed:.1f}")
            await send(message)

        try:
            await self.app(scope, receive, send_measured)
        finally:
            _record(scope, status, time.perf_counter() - started)


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    DURATION.labels(scope["method"], route, str(status)).observe(seconds)
    if scope["path"].startswith(QUIET_PATHS):
        return
    log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


def _choose_language(headers: Headers) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(LANGUAGE_COOKIE)
    except CookieError:
        cookie = None
    if cookie is not None and cookie.value in LANGUAGES:
        return str(cookie.value)
    return guess_language(headers.get("accept-language", ""))


class BodyLimit:
    """Stops reading a body that is larger than allowed, whether or not its length was announced."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, larger: Mapping[str, int]) -> None:
        """`larger` holds the limits of addresses that take files, by how their path ends."""
        self.app = app
        self.max_bytes = max_bytes
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        read = 0
        allowed = [limit for ending, limit in self.larger.items() if scope["path"].endswith(ending)]
        most = max(self.max_bytes, *allowed, 0)

        async def receive_bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise TooLarge(_("That is too large: at most {n} MB.").format(n=most // 1_000_000))
            return message

        await self.app(scope, receive_bounded, send)
