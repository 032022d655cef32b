"""What was learned from stuck deals beside the model itself: see docs/similarity.md and scripts/learn.

- *Deltas* of low rank make of the model a second one, which reads why a deal is stuck and not in which trade.
- *Means*: a vector carries the language of its text. Less the mean of its language, texts of two languages compare.
- *Obstacles*: a linear reading of a story's vector as obstacle codes; and another one of whether it tells of a stuck
  deal at all.

All readings are of a story's vector less the mean of its language.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from safetensors import safe_open

from app.embeddings.vectors import Kind, Vector

Weights: TypeAlias = Mapping[str, npt.NDArray[Any]]

FILE = "adaptation.safetensors"
SHIPPED = Path(__file__).with_name(FILE)

KEPT = 0.5
"""How much of the vector itself is blended in again after its mean is taken away."""


@dataclass(frozen=True)
class Adaptation:
    """Learned for one model; empty for any other, which is then used as it is."""

    deltas: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    """What is added to a weight, by its name."""
    means: Mapping[tuple[Kind, str], Vector] = field(default_factory=dict)
    """By kind of text and language; the language `""` is the mean of all."""
    obstacles: Mapping[str, Vector] = field(default_factory=dict)
    """Direction of each obstacle code, its bias last."""
    stuck: Vector | None = None
    """Direction of what tells of a stuck deal, its bias last."""
    version: str = ""
    """What it adds to the identity of the model."""

    def __bool__(self) -> bool:
        return bool(self.deltas)

    def adapt(self, weights: Weights) -> Weights:
        """The weights of the second model; the others are shared with the first."""
        changed = {name: weights[name].astype(np.float32) + delta for name, delta in self.deltas.items()}
        return {**weights, **{name: values.astype(weights[name].dtype) for name, values in changed.items()}}

    def centre(self, vector: Vector, kind: Kind, language: str) -> Vector:
        """The vector, of length 1, without what only tells its language."""
        mean = self.means.get((kind, language), self.means.get((kind, "")))
        if mean is None:
            return vector
        centred = _normalise(vector - mean)
        return _normalise(centred + KEPT * vector)

    def read_obstacles(self, story: Vector) -> dict[str, float]:
        """How surely a story is stuck for each obstacle; together 1."""
        if not self.obstacles:
            return {}
        scores = np.array([direction[:-1] @ story + direction[-1] for direction in self.obstacles.values()])
        shares = np.exp(scores - scores.max())
        return dict(zip(self.obstacles, map(float, shares / shares.sum()), strict=True))

    def read_stuck(self, story: Vector) -> float:
        """How surely a story is one of a stuck deal, 0 to 1."""
        return 0.0 if self.stuck is None else estimate_stuck(float(self.stuck[:-1] @ story), self.stuck)


def estimate_stuck(leaning: float, stuck: Vector) -> float:
    """The same, of how far a story leans in the direction of `stuck`."""
    return 1 / (1 + math.exp(-leaning - float(stuck[-1])))


def read_adaptation(directory: Path, base: str) -> Adaptation:
    """The adaptation in the model's directory, else the shipped one, if it was learned for the model `base`."""
    own = directory / FILE
    return read_file(own if own.is_file() else SHIPPED, base)


def read_file(path: Path, base: str) -> Adaptation:
    """The adaptation in a file; an empty one when it was learned for another model than `base`, or is not there."""
    if not path.is_file():
        return Adaptation()
    with safe_open(path, "np") as file:
        if file.metadata().get("base") != base:
            return Adaptation()
        stored = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118 - no mapping.
    deltas, means, obstacles = {}, {}, {}
    for name, values in stored.items():
        group, _, rest = name.partition(".")
        if group == "up":
            deltas[rest] = values @ stored[f"down.{rest}"]
        elif group == "mean":
            kind, _, language = rest.partition(".")
            means[kind, language] = values
        elif group == "obstacle":
            obstacles[rest] = values
    version = f"+{sha256(path.read_bytes()).hexdigest()[:6]}"
    return Adaptation(deltas, means, obstacles, stored.get("stuck"), version)


def _normalise(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
