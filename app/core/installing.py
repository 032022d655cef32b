"""What makes the site an app on a phone or a desktop: its manifest, and a page for when there is no connection."""

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from app.core.i18n import gettext as _
from app.core.i18n import use_language
from app.core.templating import STATIC, path_for, render

PAPER = "#fcfcfa"
ACCENT = "#1c5443"
ICON_SIZES = (192, 512)

Language: TypeAlias = Annotated[Literal["nb", "sv", "en"], Query()]

router = APIRouter(include_in_schema=False)


@router.get("/manifest.webmanifest")
async def manifest(request: Request, language: Language = "en") -> Response:
    """As https://www.w3.org/TR/appmanifest/ describes it. A browser asks for it without cookies."""
    icons = [
        {
            "src": f"/static/icons/{purpose}-{size}.png",
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in ICON_SIZES
        for purpose in ("any", "maskable")
    ]
    with use_language(language):
        shortcuts = [
            {"name": _("Post a case"), "url": path_for(request.app, "new_case")},
            {"name": _("Search"), "url": path_for(request.app, "search")},
        ]
        described = _("Stuck deals, and what got them moving.")
    content = {
        "id": "/",
        "name": "Unstuck",
        "short_name": "Unstuck",
        "description": described,
        "lang": language,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": ACCENT,
        "icons": icons,
        "shortcuts": shortcuts,
    }
    return JSONResponse(content, media_type="application/manifest+json")


@router.get("/offline")
async def offline(request: Request, language: Language = "en") -> Response:
    """What the service worker keeps in the browser: nothing of anybody's."""
    with use_language(language):
        return render(request, "install/offline.html", {"user": None, "flash": None})


@router.get("/service-worker.js")
async def service_worker() -> Response:
    """At the root, since a worker serves what lies below its own address."""
    return FileResponse(STATIC / "js" / "service-worker.js", headers={"Cache-Control": "no-cache"})
