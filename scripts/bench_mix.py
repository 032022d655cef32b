"""Vectors that lie as those of real texts do, as many as wanted.

A generated vector is a mixture of three real ones of its language (the first weighs most) about their mean, with
noise that has the spread of real vectors. The weights' squares add up to one, so that the mixtures spread as the real
ones do: noise of the same size in every direction would leave no neighbourhoods, copies would leave nothing else.
"""

from collections.abc import Mapping, Sequence

import numpy as np

WEIGHTS = np.array([0.8, 0.5, 0.33], dtype=np.float32)
NOISE = 0.3
"""The noise's spread as a share of the real vectors' spread."""


class Mixer:
    """Mixes real vectors of one language. Each mixture is of length 1."""

    def __init__(self, vectors: Sequence[np.ndarray], seed: int) -> None:
        real = np.stack(vectors).astype(np.float32)
        self._mean = real.mean(axis=0)
        self._apart = real - self._mean
        spread = np.cov(self._apart, rowvar=False) + 1e-7 * np.eye(real.shape[1])
        self._shape = np.linalg.cholesky(spread).T.astype(np.float32)
        self._random = np.random.default_rng(seed)

    def mix(self, count: int) -> np.ndarray:
        """An array of `count` rows."""
        chosen = self._random.integers(len(self._apart), size=(len(WEIGHTS), count))
        weights = WEIGHTS / np.linalg.norm(WEIGHTS)
        mixed = self._mean + sum(weight * self._apart[rows] for weight, rows in zip(weights, chosen, strict=True))
        mixed += NOISE * self._random.standard_normal(mixed.shape, dtype=np.float32) @ self._shape
        rows: np.ndarray = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return rows


def make_mixers(vectors: Mapping[str, Sequence[np.ndarray]], seed: int = 5) -> dict[str, Mixer]:
    """A mixer by language."""
    return {language: Mixer(found, seed + place) for place, (language, found) in enumerate(sorted(vectors.items()))}
