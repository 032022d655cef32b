"""The cookie of a signed-in browser: it holds the token, and lasts as long as the session does."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.accounts.models import SESSION_LIFETIME
from app.core.config import Settings

SESSION_COOKIE = "unstuck_session"


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    settings: Settings = request.app.state.settings
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        secure=settings.secure_cookies,
        samesite="lax",
    )


def renew_session_cookie(request: Request) -> None:
    """Let the cookie last as long as the session, which was just seen again; see `SlidingRoute`."""
    request.state.renews_session_cookie = True


class SlidingRoute(APIRoute):
    """Sends the session's cookie again when the session got more time, unless the page sets or deletes it itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_renew(request: Request) -> Response:
            response = await handle(request)
            renews = getattr(request.state, "renews_session_cookie", False)
            own = any(cookie.startswith(f"{SESSION_COOKIE}=") for cookie in response.headers.getlist("set-cookie"))
            if renews and not own:
                set_session_cookie(request, response, request.cookies[SESSION_COOKIE])
            return response

        return handle_and_renew
