"""Pages: the Jinja environment, what every template gets, and how a page or a block of it is answered."""

import hashlib
import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block

from app.core.i18n import LANGUAGE_NAMES, current_language, gettext, ngettext

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "app" / "static"
FLASH_COOKIE = "unstuck_flash"
MEGABYTE = 1_000_000
DEFAULT_TIMEZONE = "Europe/Oslo"


@dataclass(frozen=True)
class NavigationItem:
    """A place in the rail. `label` is marked for the catalogue; `roles` empty means everybody."""

    route: str
    label: str
    icon: str
    roles: frozenset[str] = frozenset()


@cache
def _fingerprint(path: str, changed: float) -> str:  # noqa: ARG001 - a new time asks for a new digest.
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]


@dataclass(frozen=True)
class _Page:
    """What the functions of the templates need to know of the page that is rendered."""

    app: FastAPI
    zone: ZoneInfo


_page: ContextVar[_Page] = ContextVar("page")


def create_environment() -> Environment:
    """The environment of all templates.

    What a macro uses beside its arguments is a global, so that its file is imported without the context of the page:
    with it, the macros of the file would be made anew for each page and each part of it.
    """
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        # A template that was changed shows after a restart, like Python; looking for changes would cost every page.
        auto_reload=False,
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters["plain_number"] = lambda number: format_decimal(number, locale=_babel_locale())
    for function in (url_for, static, format_date, format_datetime, format_relative, format_money, format_size):
        environment.globals[function.__name__] = function
    return environment


@lru_cache(maxsize=1024)
def _path_pattern(app: FastAPI, name: str, parameters: tuple[str, ...]) -> str:
    return str(app.url_path_for(name, **{parameter: f"{{{parameter}}}" for parameter in parameters}))


def path_for(app: FastAPI, name: str, /, **params: Any) -> str:
    """The path of a route. Each route is searched for once: a page has a hundred links."""
    return _path_pattern(app, name, tuple(params)).format_map(params)


def _babel_locale() -> str:
    return {"nb": "nb_NO", "sv": "sv_SE", "en": "en_GB"}[current_language()]


def url_for(name: str, /, **params: Any) -> str:
    """The path of a route of the page's application."""
    return path_for(_page.get().app, name, **params)


def static(path: str) -> str:
    """The address of a file, which changes with what is in it."""
    digest = _fingerprint(path, os.stat(f"{STATIC}/{path}").st_mtime)  # noqa: PTH116 - a dozen times a page.
    return f"{url_for('static', path=path)}?v={digest}"


def format_date(day: date | datetime) -> str:
    """A day, where the reader is."""
    local = day.astimezone(_page.get().zone).date() if isinstance(day, datetime) else day
    return dates.format_date(local, "d MMM y", locale=_babel_locale())


def format_datetime(at: datetime) -> str:
    """A moment, where the reader is."""
    return dates.format_datetime(at.astimezone(_page.get().zone), "d MMM y HH:mm", locale=_babel_locale())


def format_relative(moment: datetime) -> str:
    """How long ago, or in how long."""
    locale = _babel_locale()
    text = dates.format_timedelta(moment - datetime.now(UTC), add_direction=True, locale=locale)
    # The locale data counts days as "døgn", around the clock; people say "dager".
    return text.replace(" 1 døgn", " 1 dag").replace("døgn", "dager") if locale == "nb_NO" else text


def format_size(size: int) -> str:
    """So many bytes, in kilobytes or megabytes."""
    unit, of = ("megabyte", MEGABYTE) if size >= MEGABYTE else ("kilobyte", 1_000)
    return format_unit(max(size / of, 0.1), f"digital-{unit}", "short", format="#,##0.#", locale=_babel_locale())


def format_money(amount: Decimal, currency: str) -> str:
    """An amount, without decimals where there are none."""
    locale = _babel_locale()
    pattern = Locale.parse(locale).currency_formats["standard"].pattern
    if amount == amount.to_integral_value():
        pattern = pattern.replace(".00", "")
    return format_currency(amount, currency, format=pattern, locale=locale, currency_digits=False)


environment = create_environment()


def _navigation(request: Request, role: str | None) -> list[dict[str, Any]]:
    items = []
    here = getattr(request.scope.get("route"), "path", "")
    for item in request.app.state.navigation if role else ():
        if item.roles and role not in item.roles:
            continue
        path = path_for(request.app, item.route)
        current = here == path or (path != "/" and here.startswith(path))
        items.append({"name": gettext(item.label), "url": path, "icon": item.icon, "current": current, "count": None})
    return items


def _read_flash(request: Request) -> dict[str, str] | None:
    kind, separator, text = request.cookies.get(FLASH_COOKIE, "").partition("|")
    if not separator or kind not in {"done", "problem"}:
        return None
    return {"kind": kind, "text": unquote(text)}


def page_context(request: Request) -> dict[str, Any]:
    """What every template gets beside its own context and the globals; listed in docs/architecture.md."""
    user = getattr(request.state, "user", None)
    _page.set(_Page(request.app, ZoneInfo(user.timezone if user else DEFAULT_TIMEZONE)))
    return {
        "request": request,
        "locale": current_language(),
        "languages": LANGUAGE_NAMES,
        "user": user,
        "nav": _navigation(request, user.role if user else None),
        "unread": getattr(request.state, "unread", 0),
        "flash": _read_flash(request),
    }


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    block: str | None = None,
) -> Response:
    """The whole page, or only the named block of it for a partial update."""
    values = page_context(request) | dict(context or {})
    if block is None:
        html = environment.get_template(template).render(values)
    else:
        html = render_block(environment, template, block, values)
    response = HTMLResponse(html, status_code=status_code, headers=dict(headers or {}))
    response.headers["Vary"] = "HX-Request, Cookie, Accept-Language"
    response.headers["Cache-Control"] = "no-store" if values["user"] else "no-cache"
    if values["flash"] and block is None:
        response.delete_cookie(FLASH_COOKIE)
    return response


def wants_block(request: Request) -> bool:
    """True when htmx asks for a part of the page."""
    return "hx-request" in request.headers and "hx-boosted" not in request.headers


def link_next(request: Request, cursor: str | None) -> str | None:
    """The address of the next page under the same filters."""
    return f"?{request.url.include_query_params(cursor=cursor).query}" if cursor else None


def redirect(request: Request, name: str, /, **params: Any) -> RedirectResponse:
    """Send the browser on after a form was taken (303)."""
    return RedirectResponse(path_for(request.app, name, **params), 303)


def flash(response: Response, text: str, kind: str = "done") -> Response:
    """Show this once on the next page."""
    response.set_cookie(FLASH_COOKIE, f"{kind}|{quote(text)}", max_age=60, httponly=True, samesite="lax")
    return response
