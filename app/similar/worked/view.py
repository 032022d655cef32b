"""Moves that were tried, as a page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request

from app.cases.models import Case
from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.core.templating import path_for
from app.embeddings.slot import ModelSlot
from app.practices.pages import address_plan
from app.similar.view import name_mode, shorten
from app.similar.worked.counting import Result, Tally
from app.similar.worked.service import TriedMove, WhatWorked

RESULT_NAMES: Mapping[Result, str] = {
    Result.WORKED: N_("Worked"),
    Result.FAILED: N_("Did not work"),
    Result.LEFT: N_("Given up for another plan"),
    Result.LESSON: N_("Learned from a case that failed"),
    Result.UNKNOWN: N_("Nobody knows how it went"),
}


@dataclass(frozen=True)
class MoveView:
    """What `similar/_worked.html` shows of a move."""

    move: str
    positioning: str
    result: Result
    result_label: str
    tally: Tally
    percent: int | None
    title: str
    url: str
    outcome_label: str
    reasons: list[str]
    start_url: str | None
    """Where a plan starts from it; None for those who cannot make one now, and for a plan that was given up."""


def view_what_worked(
    request: Request, case: Case, worked: WhatWorked, slot: ModelSlot, *, may_plan: bool
) -> dict[str, Any]:
    """What `similar/_worked.html` needs."""
    return {
        "case": case,
        "mode": name_mode(worked.found, slot),
        "moves": [_view_move(request, case.id, move, may_plan=may_plan) for move in worked.moves],
    }


def address_source(request: Request, move: TriedMove) -> str:
    """The page that tells of the move: the plan in its case, or the practice."""
    if not move.letter:
        return move.match.link(request.app.url_path_for)
    return path_for(request.app, "case_detail", case_id=move.match.case_id) + f"#plan-{move.letter}"


def _view_move(request: Request, case_id: UUID, move: TriedMove, *, may_plan: bool) -> MoveView:
    match, share = move.match, move.tally.share
    return MoveView(
        move=shorten(move.move),
        positioning=shorten(move.positioning),
        result=move.result,
        result_label=_(RESULT_NAMES[move.result]),
        tally=move.tally,
        percent=None if share is None else round(100 * share),
        title=move.title,
        url=address_source(request, move),
        outcome_label=match.outcome.name if match.outcome else "",
        reasons=match.list_reasons(),
        start_url=_address_start(request, case_id, move) if may_plan else None,
    )


def _address_start(request: Request, case_id: UUID, move: TriedMove) -> str | None:
    if move.basis_practice_id:
        return address_plan(request, case_id, move.basis_practice_id, move.move, move.positioning)
    if move.basis_case_id:
        return f"{path_for(request.app, 'new_plan', case_id=case_id)}?basis={move.basis_case_id}"
    return None
