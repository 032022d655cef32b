"""An admin's pages about the language model, and about what was searched for in vain."""

from fastapi import Request, Response

from app.accounts.deps import create_admin_router
from app.core.db import Session
from app.core.templating import render
from app.similar.deps import Slot
from app.similar.generations import read_progress
from app.similar.unanswered import KEPT, list_unanswered

router = create_admin_router()


@router.get("/admin/model")
async def model_progress(request: Request, session: Session, slot: Slot) -> Response:
    """Which model has read the cases, and how far a new one is."""
    newest = slot.embedder.model_id if slot.embedder else None
    models = [
        {"progress": progress, "stage": "in_use" if progress.in_use else "new" if progress.model == newest else "old"}
        for progress in await read_progress(session)
    ]
    return render(request, "similar/model.html", {"mode": slot.mode or "loading", "models": models})


@router.get("/admin/searches")
async def list_unanswered_searches(request: Request, session: Session) -> Response:
    """What nothing was close enough to, the most wanted first."""
    context = {"searches": await list_unanswered(session), "days": KEPT.days}
    return render(request, "similar/unanswered.html", context)
