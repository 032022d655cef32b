"""The texts to learn from: stuck deals by the reason they are stuck for, and queries that no stuck deal answers."""

import json
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

FOLDER = Path(__file__).with_name("learning")
HELD_OUT = 20
"""One reason in twenty is never learned from: what is measured on it holds for reasons nobody wrote about."""


@dataclass(frozen=True)
class StuckText:
    """A deal told in one voice. Of one scene there are texts of many reasons."""

    reason: str
    obstacle: str
    language: str
    form: str
    scene: str
    text: str


@dataclass(frozen=True)
class Query:
    """What somebody might type who has no stuck deal."""

    language: str
    text: str


def read_texts() -> list[StuckText]:
    """All of them, in the order of the files."""
    reasons = tomllib.loads((FOLDER / "reasons.toml").read_text())
    rows = [
        json.loads(line)
        for path in sorted((FOLDER / "texts").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    return [StuckText(obstacle=reasons[row["reason"]]["obstacle"], **row) for row in rows]


def read_nothing() -> list[Query]:
    return [Query(**json.loads(line)) for line in (FOLDER / "nothing.jsonl").read_text().splitlines()]


def read_learned(adaptation: Path) -> frozenset[str]:
    """The reasons that the file was learned from; of none of the others did it read a text."""
    with safe_open(adaptation, "np") as file:
        return frozenset(file.metadata()["learned"].split())


def choose_learned(texts: list[StuckText], fold: int = 0) -> frozenset[str]:
    """The reasons of all folds but one."""
    reasons = sorted({text.reason for text in texts})
    random.Random(7).shuffle(reasons)  # noqa: S311 - repeatable, not secret.
    size = len(reasons) // HELD_OUT
    return frozenset(reasons) - frozenset(reasons[fold * size : (fold + 1) * size])
