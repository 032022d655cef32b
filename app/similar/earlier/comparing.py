"""What is the same in two cases and what is not, attribute by attribute. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

NEAR_AMOUNT = Decimal("0.2")
"""Two amounts are alike when they differ by no more than this part of the larger."""
ALIKE_WORDS = 0.5
"""Two moves are alike when they share this part of all their words, and the same when they share all of them."""


class Attribute(StrEnum):
    OBSTACLES = "obstacles"
    STAGE = "stage"
    INDUSTRY = "industry"
    PRODUCT = "product"
    AMOUNT = "amount"
    MOVE = "move"
    OUTCOME = "outcome"
    WHEN = "when"


class Likeness(StrEnum):
    SAME = "same"
    PARTLY = "partly"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """One of the two does not say."""


@dataclass(frozen=True)
class Situation:
    """What a deal was like when something was tried. Codes are given by key."""

    obstacles: frozenset[str] = frozenset()
    stage: str | None = None
    industry: str | None = None
    product: str = ""
    amount: Decimal | None = None
    currency: str = ""
    move: str = ""
    outcome: str | None = None
    """None while it is open."""
    on: date | None = None


def compare(then: Situation, now: Situation) -> Mapping[Attribute, Likeness]:
    """Every attribute, in the order people ask for them."""
    return {
        Attribute.OBSTACLES: _compare_sets(then.obstacles, now.obstacles, enough=0.0),
        Attribute.STAGE: _compare_values(then.stage, now.stage),
        Attribute.INDUSTRY: _compare_values(then.industry, now.industry),
        Attribute.PRODUCT: _compare_values(_fold(then.product), _fold(now.product)),
        Attribute.AMOUNT: _compare_amounts(then, now),
        Attribute.MOVE: _compare_sets(_list_words(then.move), _list_words(now.move), enough=ALIKE_WORDS),
        Attribute.OUTCOME: _compare_values(then.outcome, now.outcome),
        Attribute.WHEN: _compare_values(_month(then.on), _month(now.on)),
    }


def _compare_values(then: object, now: object) -> Likeness:
    if not then or not now:
        return Likeness.UNKNOWN
    return Likeness.SAME if then == now else Likeness.DIFFERENT


def _compare_sets(then: frozenset[str], now: frozenset[str], *, enough: float) -> Likeness:
    """Partly the same when more than nothing is shared, and `enough` of all that either has."""
    if not then or not now:
        return Likeness.UNKNOWN
    if then == now:
        return Likeness.SAME
    shared = len(then & now)
    return Likeness.PARTLY if shared and shared / len(then | now) >= enough else Likeness.DIFFERENT


def _compare_amounts(then: Situation, now: Situation) -> Likeness:
    """Amounts in two currencies tell nothing of each other."""
    if then.amount is None or now.amount is None or then.currency != now.currency:
        return Likeness.UNKNOWN
    if then.amount == now.amount:
        return Likeness.SAME
    near = abs(then.amount - now.amount) <= NEAR_AMOUNT * max(then.amount, now.amount)
    return Likeness.PARTLY if near else Likeness.DIFFERENT


def _list_words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _month(on: date | None) -> tuple[int, int] | None:
    return (on.year, on.month) if on else None


def list_values(situation: Situation, attribute: Attribute) -> list[str]:
    """As programs know them: keys of codes, texts as written, an amount with its currency, a day."""
    match attribute:
        case Attribute.OBSTACLES:
            return sorted(situation.obstacles)
        case Attribute.AMOUNT:
            amount = situation.amount
            return [] if amount is None else [f"{amount:f} {situation.currency}".strip()]
        case Attribute.WHEN:
            return [situation.on.isoformat()] if situation.on else []
        case _:
            value = getattr(situation, attribute.value)
            return [value] if value else []
