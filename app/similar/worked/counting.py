"""How a move went, and how often it was tried. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.similar.scoring import FAILED_OUTCOMES

WON_BY_PLAN = frozenset({"won_a", "won_b"})
WON_OTHERWISE = "won_other"

FEWEST_FOR_SHARE = 5
"""Of fewer tries a share says nothing: they are counted, and no more."""


class Result(StrEnum):
    WORKED = "worked"
    FAILED = "failed"
    LEFT = "left"
    """It was tried first, and the seller switched to another plan."""
    LESSON = "lesson"
    """It was not tried there: a practice tells what to do instead of what failed."""
    UNKNOWN = "unknown"


def judge(outcome: str | None, *, used: bool, named: bool = True) -> Result:
    """How a move went in a case that ended with this outcome, by its key.

    `used` is the plan that was tried last, `named` the one that the outcome was reported with.
    """
    if not used:
        return Result.LEFT
    if outcome in WON_BY_PLAN or (outcome == WON_OTHERWISE and named):
        return Result.WORKED
    if outcome in FAILED_OUTCOMES or outcome == WON_OTHERWISE:
        return Result.FAILED
    return Result.UNKNOWN


KNOWN = {Result.WORKED: True, Result.FAILED: False, Result.LEFT: False}


@dataclass(frozen=True)
class Try:
    """The move was tried once: `on` a case, or by a use that names none. `worked` is None while nobody knows."""

    on: UUID
    worked: bool | None


@dataclass(frozen=True)
class Tally:
    """Tries with a known result, and those that worked."""

    tried: int = 0
    worked: int = 0

    @property
    def share(self) -> float | None:
        """Of the tries that worked, 0 to 1; None where there are too few to say so."""
        return self.worked / self.tried if self.tried >= FEWEST_FOR_SHARE else None


def count_tries(tries: Iterable[Try]) -> Tally:
    """Each case once: it worked there if anybody who tells of it says so."""
    known: dict[UUID, bool] = {}
    for attempt in tries:
        if attempt.worked is not None:
            known[attempt.on] = attempt.worked or known.get(attempt.on, False)
    return Tally(tried=len(known), worked=sum(known.values()))
