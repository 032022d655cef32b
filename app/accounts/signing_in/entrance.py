"""The way in, once it is known who comes: a new session, its cookie, and the page that was asked for."""

from datetime import datetime

from fastapi import Request
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.cookie import SESSION_COOKIE, set_session_cookie
from app.accounts.models import User
from app.accounts.signing_in import service


def local_path(target: str) -> str:
    """The target if it is a path of this site, else the start page: no link of ours may lead elsewhere.

    Browsers read a backslash as a slash and drop tabs and line ends; two slashes begin the name of another site.
    """
    is_local = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if is_local else "/"


async def let_in(
    request: Request, session: AsyncSession, user: User, now: datetime, target: str = "/"
) -> RedirectResponse:
    """Sign the browser in and send it on. The token is always a new one, and the browser's old session ends."""
    old = request.cookies.get(SESSION_COOKIE)
    if old:
        await service.sign_out(session, old)
    token = await service.sign_in(session, user, now, request.headers.get("user-agent", ""))
    response = RedirectResponse(local_path(target), 303)
    set_session_cookie(request, response, token)
    return response


async def let_out(request: Request, session: AsyncSession) -> RedirectResponse:
    """Sign this browser out and send it to the sign-in page."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await service.sign_out(session, token)
    response = RedirectResponse(request.app.url_path_for("sign_in"), 303)
    response.delete_cookie(SESSION_COOKIE)
    return response
