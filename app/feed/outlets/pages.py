"""Private addresses: the page on which a person makes them, and what a feed reader or a calendar finds there."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentSettings, CurrentUser, create_page_router, create_public_router
from app.accounts.viewer import Viewer
from app.core.clock import Now
from app.core.config import Settings
from app.core.db import Session
from app.core.forms import read_valid
from app.core.i18n import gettext as _
from app.core.templating import flash, path_for, redirect, render
from app.feed.models import Outlet
from app.feed.outlets import queries, service
from app.feed.outlets.calendar import write_calendar
from app.feed.outlets.schemas import AddressForm
from app.feed.queries import list_feed
from app.feed.schemas import FeedQuery
from app.practices.queries import list_code_names

own = create_page_router()
public = create_public_router()

ENTRIES = 50
ROUTES = {Outlet.FEED: "feed_outlet", Outlet.CALENDAR: "calendar_outlet"}


def _link(request: Request, settings: Settings, name: str, **params: object) -> str:
    return settings.address(path_for(request.app, name, **params))


@own.get("/addresses")
async def list_addresses(request: Request, session: Session, viewer: CurrentUser) -> Response:
    return await _show(request, session, viewer)


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, shown: dict[str, str] | None = None
) -> Response:
    """`shown` is the address just made, by outlet."""
    made = {address.outlet.value: address for address in await queries.list_addresses(session, viewer.person_id)}
    context = {"outlets": [outlet.value for outlet in Outlet], "made": made, "shown": shown or {}}
    return render(request, "outlets/list.html", context)


@own.post("/addresses")
async def create_address(
    request: Request, session: Session, viewer: CurrentUser, settings: CurrentSettings, now: Now
) -> Response:
    """Make an address and show it, this once; the one before it ends."""
    outlet = await _read_outlet(request)
    token = await service.create_address(session, viewer, outlet, now)
    address = _link(request, settings, ROUTES[outlet], token=token)
    return await _show(request, session, viewer, {outlet.value: address})


@own.post("/addresses/end")
async def end_address(request: Request, session: Session, viewer: CurrentUser) -> Response:
    await service.end_address(session, viewer, await _read_outlet(request))
    return flash(redirect(request, "list_addresses"), _("The address no longer works."))


async def _read_outlet(request: Request) -> Outlet:
    return (await read_valid(request, AddressForm)).outlet


@public.get("/feeds/{token}")
async def feed_outlet(
    request: Request,
    token: str,
    query: Annotated[FeedQuery, Query()],
    session: Session,
    settings: CurrentSettings,
    now: Now,
) -> Response:
    """The feed as Atom (RFC 4287), under the filters of the address, with the rights of whose it is."""
    viewer = await service.open_address(session, Outlet.FEED, token, now)
    codes = await list_code_names(session)
    page = await list_feed(session, viewer, codes, limit=ENTRIES, scope=query.scope, **query.list_filters())
    context = {
        "organisation": viewer.organisation,
        "home": _link(request, settings, "home"),
        "updated": page.items[0].at if page.items else now,
        "entries": [
            (item, _link(request, settings, item.route, **{f"{item.kind}_id": item.id})) for item in page.items
        ],
    }
    answer = render(
        request, "outlets/feed.xml", context, headers={"Content-Type": "application/atom+xml; charset=utf-8"}
    )
    answer.headers["Cache-Control"] = "private, max-age=300"
    return answer


@public.get("/calendars/{token}")
async def calendar_outlet(
    request: Request, token: str, session: Session, settings: CurrentSettings, now: Now
) -> Response:
    """What is due for the person, as a calendar."""
    viewer = await service.open_address(session, Outlet.CALENDAR, token, now)
    entries = await queries.list_due(session, viewer)
    content = write_calendar(entries, lambda case_id: _link(request, settings, "case_detail", case_id=case_id), now)
    return Response(
        content, media_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, max-age=300"}
    )


router = APIRouter()
router.include_router(own)
router.include_router(public)
