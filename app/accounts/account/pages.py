"""A person's own account: preferences, password, and the browsers that are signed in."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.routing import Match

from app.accounts import queries
from app.accounts.account import service
from app.accounts.account.schemas import PasswordForm, PreferencesForm, list_timezones
from app.accounts.cookie import SESSION_COOKIE
from app.accounts.deps import (
    ClientAddress,
    CurrentUser,
    MaybePerson,
    OwnTransactions,
    create_page_router,
    create_public_router,
)
from app.accounts.models import SESSION_LIFETIME
from app.accounts.service import end_sessions, record_audit
from app.accounts.signing_in.entrance import let_out, local_path
from app.accounts.signing_in.service import check_password
from app.accounts.viewer import Viewer
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import NotFound
from app.core.forms import Form, read_form, read_valid
from app.core.i18n import gettext as _
from app.core.middleware import LANGUAGE_COOKIE
from app.core.security import hash_token
from app.core.templating import flash, redirect, render
from app.core.tenancy import enter_organisation

public = create_public_router()
own = create_page_router()

ONE_YEAR = 365 * 24 * 3600
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


@public.post("/preferences")
async def set_preferences(request: Request, session: Session, person: MaybePerson) -> Response:
    """Language, theme and time zone; for a visitor who is signed out the language alone, in a cookie."""
    wanted = await read_valid(request, PreferencesForm)
    if person is not None:
        user = await queries.find_user(session, person.person_id)
        assert user is not None
        service.set_preferences(user, wanted)
    response = RedirectResponse(_way_back(request, local_path(wanted.next)), 303)
    if wanted.language:
        response.set_cookie(LANGUAGE_COOKIE, wanted.language, max_age=ONE_YEAR, httponly=True, samesite="lax")
    return response


def _way_back(request: Request, target: str) -> str:
    """The page the form was on, with its query; the start page when the page was an answer to a form."""
    here = {"type": "http", "method": "GET", "path": target, "headers": []}
    if not any(route.matches(here)[0] is Match.FULL for route in request.app.routes):
        return "/"
    try:
        referer = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return target
    same = referer.netloc == request.url.netloc and referer.path == target and referer.query
    return f"{target}?{referer.query}" if same else target


def describe_browser(user_agent: str) -> str:
    """The browser and the system a User-Agent header names, such as "Firefox, Linux"; empty for others."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    return ", ".join(part for part in (browser, system) if part)


async def _show(
    request: Request, session: Session, person: Viewer, now: Now, form: Form[PasswordForm], status_code: int = 200
) -> Response:
    identity = await queries.find_identity_of(session, person.person_id)
    if identity is None:
        raise NotFound
    current = hash_token(request.cookies.get(SESSION_COOKIE, ""))
    sessions = await queries.list_user_sessions(session, identity.id, now - SESSION_LIFETIME)
    teams = {team.id: team.name for team in await queries.list_teams(session)}
    context = {
        "form": form,
        "timezones": [(zone, zone.replace("_", " ")) for zone in list_timezones()],
        "teams": [teams[team_id] for team_id in person.team_ids],
        "sessions": [
            {
                "name": describe_browser(row.user_agent) or _("Unknown browser"),
                "last_seen_at": row.last_seen_at,
                "here": row.token_hash == current,
            }
            for row in sessions
        ],
    }
    return render(request, "accounts/account.html", context, status_code=status_code)


@own.get("/account")
async def account(request: Request, session: Session, person: CurrentUser, now: Now) -> Response:
    return await _show(request, session, person, now, Form({}))


@own.post("/account")
async def change_password(
    request: Request,
    factory: OwnTransactions,
    session: Session,
    person: CurrentUser,
    address: ClientAddress,
    now: Now,
) -> Response:
    """Set a new password; whoever has only got hold of the browser does not know the current one."""
    form = await read_form(request, PasswordForm)
    if form.data is not None:
        known = await check_password(factory, email=person.email, password=form.data.current, address=address, now=now)
        if known is None:
            form.fail("current", _("This is not your current password."))
    if form.data is None:
        return await _show(request, session, person, now, form, status_code=422)
    identity = await queries.find_identity_of(session, person.person_id)
    assert identity is not None
    here = hash_token(request.cookies.get(SESSION_COOKIE, ""))
    await service.set_password(session, identity, form.data.password, keep_session=here)
    await enter_organisation(session, person.organisation_id)
    await record_audit(session, person, "password.changed", person.user_id)
    return flash(redirect(request, "account"), _("Your password is changed. Your other browsers are signed out."))


@own.post("/account/sign-out-everywhere")
async def sign_out_everywhere(request: Request, session: Session, person: CurrentUser) -> Response:
    identity = await queries.find_identity_of(session, person.person_id)
    assert identity is not None
    await end_sessions(session, identity.id)
    return flash(await let_out(request, session), _("You are signed out everywhere."))


router = APIRouter()
router.include_router(public)
router.include_router(own)
