"""The living page of components, for those who build pages. Served in the demo only."""

from fastapi import APIRouter, Request, Response

from app.core.clock import Now
from app.core.templating import render

router = APIRouter(include_in_schema=False)


@router.get("/design")
async def design_page(request: Request, now: Now) -> Response:
    return render(request, "design/index.html", {"now": now})
