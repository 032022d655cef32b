"""Which obstacle a text that is being written sounds like, when the reading is sure enough to ask. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Sureness: TypeAlias = Literal["likely", "possible"]

FEWEST_SHARE = 0.7
"""From here on it is worth a question: of texts of reasons nobody learned from, half are read rightly."""
LIKELY_SHARE = 0.85
"""From here on two in three are."""
SURELY_STUCK = 0.5
"""A text that hardly tells of a stuck deal sounds like no obstacle."""


@dataclass(frozen=True)
class Suggestion:
    """An obstacle that may fit, to be asked about and never taken for granted."""

    obstacle: str
    """Its key."""
    sureness: Sureness


def suggest_obstacle(shares: Mapping[str, float], stuck: float, ticked: Collection[str]) -> Suggestion | None:
    """The obstacle with the largest of the `shares`, which add up to 1, unless it is ticked already."""
    obstacle = max(shares, key=lambda key: shares[key], default="")
    share = shares.get(obstacle, 0.0)
    if share < FEWEST_SHARE or stuck < SURELY_STUCK or obstacle in ticked:
        return None
    return Suggestion(obstacle, "likely" if share >= LIKELY_SHARE else "possible")
