"""What worked in cases like one: the moves of similar closed cases and practices, with how often they were tried."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.embeddings.slot import ModelSlot
from app.practices.models import UseResult
from app.similar.alike import find_alike
from app.similar.matches import Match
from app.similar.service import DEFAULT_LIMIT, SimilarCases
from app.similar.worked import queries
from app.similar.worked.counting import KNOWN, Result, Tally, Try, count_tries, judge

Tries: TypeAlias = dict[UUID, list[Try]]


@dataclass(frozen=True)
class TriedMove:
    """A move, the similar case or practice it stands in, and how it went."""

    match: Match
    title: str
    letter: str
    """Of the plan; empty for the move as a practice tells it."""
    move: str
    positioning: str
    result: Result
    """In the case itself."""
    tally: Tally
    """In the case and in all that started from it."""

    @property
    def basis_case_id(self) -> UUID | None:
        """What a plan that starts from this move names as its basis. A plan that was given up is none: the link would
        count for the one that took its place.
        """
        return self.match.case_id if self.letter and self.result is not Result.LEFT else None

    @property
    def basis_practice_id(self) -> UUID | None:
        return None if self.letter else self.match.practice_id


@dataclass(frozen=True)
class WhatWorked:
    """The cases that were looked at, and the moves that were tried in them, those of the most similar first."""

    found: SimilarCases
    moves: list[TriedMove]


async def list_what_worked(
    session: AsyncSession, viewer: Viewer, case: Case, *, slot: ModelSlot, limit: int = DEFAULT_LIMIT
) -> WhatWorked:
    """What was tried in at most `limit` similar cases. The case must be loaded with obstacles, industry and stage."""
    found = await find_alike(session, viewer, case, slot=slot, limit=limit)
    return WhatWorked(found, await list_moves(session, viewer, found.learn))


async def list_moves(session: AsyncSession, viewer: Viewer, matches: Sequence[Match]) -> list[TriedMove]:
    """The moves of these cases and practices, in their order."""
    if not matches:
        return []
    case_ids = {match.case_id for match in matches}
    practice_ids = {match.practice_id for match in matches if match.practice_id}
    plans: dict[UUID, list[Any]] = defaultdict(list)
    for plan in await queries.list_tried_plans(session, viewer, case_ids):
        plans[plan.case_id].append(plan)
    texts = {row.id: row for row in await queries.list_practice_texts(session, viewer, practice_ids)}
    tries = await _list_tries(session, viewer, case_ids, practice_ids)
    return [move for match in matches for move in _compose(match, plans[match.case_id], texts, tries)]


async def _list_tries(
    session: AsyncSession, viewer: Viewer, case_ids: Collection[UUID], practice_ids: Collection[UUID]
) -> Tries:
    """By the case or the practice that a plan was started from, or that somebody says was used."""
    tries: Tries = defaultdict(list)
    for use in await queries.list_uses(session, practice_ids):
        worked = None if use.result is None else use.result is UseResult.WORKED
        tries[use.practice_id].append(Try(use.case_id or use.id, worked))
    for row in await queries.list_repeats(session, viewer, case_ids, practice_ids):
        basis = row.basis_practice_id if row.basis_practice_id in practice_ids else row.basis_case_id
        tries[basis].append(Try(row.case_id, KNOWN.get(judge(row.outcome, used=True, named=row.named))))
    return tries


def _compose(match: Match, plans: Sequence[Any], texts: Mapping[UUID, Any], tries: Tries) -> Iterator[TriedMove]:
    """Of a practice its own words in the place of the plan that worked; of one that tells of a failure, both."""
    text = texts.get(match.practice_id) if match.practice_id else None
    of_case = tries[match.case_id]
    replaced = False
    if match.practice_id and text is not None and text.what_to_do:
        result = judge(match.outcome.key if match.outcome else None, used=True)
        replaced = result is not Result.FAILED
        uses = [*tries[match.practice_id], *(of_case if replaced else ())]
        result = result if replaced else Result.LESSON
        yield TriedMove(match, match.title, "", text.what_to_do, text.what_to_say, result, _count(match, result, uses))
    for plan in plans:
        if plan.used and replaced:
            continue
        result = judge(plan.outcome, used=plan.used, named=plan.named)
        tally = _count(match, result, of_case if plan.used else ())
        yield TriedMove(match, plan.title, plan.letter, plan.move, plan.positioning, result, tally)


def _count(match: Match, result: Result, repeated: Sequence[Try]) -> Tally:
    return count_tries([Try(match.case_id, KNOWN.get(result)), *repeated])
