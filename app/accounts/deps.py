"""Who sends this request, as a dependency: a person by cookie, a program by key."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Security
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.cookie import SESSION_COOKIE, SlidingRoute, renew_session_cookie
from app.accounts.members import appear_here, load_person, view_as
from app.accounts.models import KEY_PREFIX, SESSION_LIFETIME, ApiKey, Organisation
from app.accounts.service import record_audit
from app.accounts.stand_ins import list_stand_ins
from app.accounts.viewer import OrganisationName, Viewer
from app.core.clock import Now
from app.core.config import Settings
from app.core.db import Session, SessionFactory
from app.core.error_pages import document_errors, is_api
from app.core.errors import Forbidden, Unauthenticated
from app.core.i18n import gettext as _
from app.core.i18n import set_language
from app.core.idempotency import IdempotentRoute, claim_key
from app.core.security import SAFE_METHODS, hash_token, refuse_cross_site, refuse_other_content
from app.core.templating import wants_block
from app.core.tenancy import enter_organisation, organisation_session

TOUCH_EVERY = timedelta(minutes=5)
IPV6 = 6
PATH_LIMIT = 200

bearer = HTTPBearer(auto_error=False, description="An API key.")


async def find_person(request: Request, session: Session, now: Now) -> Viewer | None:
    """The person of the session cookie, or None."""
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    found = await queries.enter_user_session(session, hash_token(token), now - SESSION_LIFETIME)
    if found is None:
        return None
    user_id, last_seen_at, organisation_id, name, slug, email, _entered = found
    member = await queries.find_active_member(session, user_id)
    if member is None:
        return None
    if last_seen_at < now - TOUCH_EVERY:
        await queries.touch_user_session(session, hash_token(token), now)
        renew_session_cookie(request)
    user, teams = member
    stand_ins = await list_stand_ins(session, user_id)
    viewer = appear_here(request, view_as(OrganisationName(organisation_id, name, slug), user, email, teams, stand_ins))
    request.state.user = viewer
    if viewer.language:
        set_language(viewer.language)
    return viewer


MaybePerson = Annotated[Viewer | None, Depends(find_person)]


async def get_person(request: Request, session: Session, person: MaybePerson) -> Viewer:
    """The signed-in person; sends others to the sign-in page, and refuses another site's forms.

    A whole page says at its head how much the person has not read.
    """
    refuse_cross_site(request.method, request.headers)
    if person is None:
        raise Unauthenticated(_("Sign in first."))
    if not is_api(request) and not wants_block(request):
        request.state.unread = await request.app.state.count_unread(session, person)
    return person


CurrentUser = Annotated[Viewer, Depends(get_person)]


async def get_admin(person: CurrentUser) -> Viewer:
    if not person.is_admin:
        raise Forbidden(_("Only an admin may do this."))
    return person


AdminUser = Annotated[Viewer, Depends(get_admin)]


def split_key(key: str) -> UUID | None:
    """The organisation that an API key names, or None for a text that is no key of ours."""
    prefix, _separator, rest = key.partition("_")
    organisation, separator, secret = rest.partition("_")
    if prefix != KEY_PREFIX or not separator or not secret:
        return None
    try:
        return UUID(hex=organisation)
    except ValueError:
        return None


async def _load_client(session: AsyncSession, key: str, now: datetime) -> tuple[Organisation, ApiKey]:
    organisation_id = split_key(key)
    organisation = organisation_id and await queries.find_organisation_by_id(session, organisation_id)
    if not organisation:
        raise Unauthenticated(_("The API key is not valid."))
    await enter_organisation(session, organisation.id)
    client = await queries.find_key(session, hash_token(key))
    if client is None:
        raise Unauthenticated(_("The API key is not valid, or it was revoked."))
    if client.last_used_at is None or client.last_used_at < now - TOUCH_EVERY:
        client.last_used_at = now
    return organisation, client


async def _act_as(session: AsyncSession, organisation: Organisation, client: ApiKey, act_as: str) -> Viewer:
    if "act-as" not in client.scopes:
        raise Forbidden(_("This API key lacks the scope {scope}.").format(scope="act-as"))
    try:
        user = await queries.find_active_user(session, UUID(act_as))
    except ValueError:
        user = await queries.find_user_by_email(session, act_as) if act_as.isprintable() else None
    if user is None:
        raise Forbidden(_("Unstuck-Act-As names nobody in this organisation: send a user's id or e-mail."))
    identity = await queries.find_identity_of(session, user.id)
    assert identity is not None
    viewer = await load_person(session, organisation, user, identity.email)
    return replace(viewer, client_id=client.id, scopes=frozenset(client.scopes))


async def get_viewer(
    request: Request,
    session: Session,
    now: Now,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    person: MaybePerson,
    act_as: Annotated[
        str | None,
        Header(alias="Unstuck-Act-As", max_length=254, description="A user's id or e-mail; needs the scope `act-as`."),
    ] = None,
) -> Viewer:
    """The person of the session cookie or, under /api, the program of the bearer key, perhaps acting as a user."""
    if credentials is None or not is_api(request):
        return await get_person(request, session, person)
    organisation, client = await _load_client(session, credentials.credentials, now)
    if act_as:
        return appear_here(request, await _act_as(session, organisation, client, act_as))
    return Viewer(
        organisation=OrganisationName(organisation.id, organisation.name, organisation.slug),
        name=client.name,
        client_id=client.id,
        scopes=frozenset(client.scopes),
    )


CurrentViewer = Annotated[Viewer, Depends(get_viewer)]


async def happen_once(request: Request, session: Session, viewer: CurrentViewer) -> None:
    """Answer a repeated POST with its first answer; see `IdempotentRoute`."""
    await claim_key(request, session, organisation_id=viewer.organisation_id, principal_id=viewer.principal_id)


def read_session_factory(request: Request) -> SessionFactory:
    factory: SessionFactory = request.app.state.session_factory
    return factory


OwnTransactions = Annotated[SessionFactory, Depends(read_session_factory)]
"""For what must be kept although the request is refused, such as a failed sign-in."""


async def record_refusal(request: Request, factory: OwnTransactions, viewer: CurrentViewer) -> AsyncIterator[None]:
    """Write down what somebody known tried and may not do, in a transaction that outlives the refusal."""
    try:
        yield
    except Forbidden as refusal:
        tried = {"method": request.method, "path": quote(request.url.path)[:PATH_LIMIT], "code": refusal.code}
        async with organisation_session(factory, viewer.organisation_id) as session:
            await record_audit(session, viewer, "access.refused", details=tried)
        raise


RecordsRefusals = Depends(record_refusal, scope="function")


def create_api_router(
    tag: str,
    *,
    read: str = "cases:read",
    write: str = "cases:write",
    content: Callable[[Request], Awaitable[None]] = refuse_other_content,
) -> APIRouter:
    """A router below /api/v1 for keys that hold `read` (safe methods) or `write` (all others).

    Its POSTs honour `Idempotency-Key`, and its common problems are documented. `content` refuses a body of a kind
    that is not taken.
    """

    async def check_scope(request: Request, viewer: CurrentViewer) -> None:
        viewer.require_scope(read if request.method in SAFE_METHODS else write)

    return APIRouter(
        prefix="/api/v1",
        tags=[tag],
        route_class=IdempotentRoute,
        dependencies=[RecordsRefusals, Depends(check_scope), Depends(content), Depends(happen_once)],
        responses=document_errors(400, 401, 403, 422),
    )


async def check_admin(viewer: CurrentViewer) -> None:
    """Pass admins, and programs that act for themselves."""
    if not viewer.administers:
        raise Forbidden(_("Only an admin may do this."))


def create_admin_api_router(tag: str) -> APIRouter:
    """A router below /api/v1 for admins and for keys that hold `admin`."""
    router = create_api_router(tag, read="admin", write="admin")
    router.dependencies.append(Depends(check_admin))
    return router


def create_page_router() -> APIRouter:
    """A router of pages for signed-in people."""
    return APIRouter(
        route_class=SlidingRoute, include_in_schema=False, dependencies=[RecordsRefusals, Depends(get_person)]
    )


def create_admin_router() -> APIRouter:
    """A router of pages for admins."""
    return APIRouter(
        route_class=SlidingRoute, include_in_schema=False, dependencies=[RecordsRefusals, Depends(get_admin)]
    )


async def refuse_other_sites(request: Request) -> None:
    refuse_cross_site(request.method, request.headers)


def create_public_router() -> APIRouter:
    """A router of pages for everybody, which still take no form from another site."""
    return APIRouter(route_class=SlidingRoute, include_in_schema=False, dependencies=[Depends(refuse_other_sites)])


def read_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


CurrentSettings = Annotated[Settings, Depends(read_settings)]


def read_address(request: Request) -> str:
    """Where the request comes from; an IPv6 customer owns a whole /64 network, which counts as one."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if address.version == IPV6 else host


ClientAddress = Annotated[str, Depends(read_address)]
