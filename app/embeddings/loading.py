"""Loads the language model into a serving process, quickly and without a burden left behind."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from app.embeddings.embedder import BatchingEmbedder


class ModelUnavailable(RuntimeError):
    """The language model is missing or broken; the message says which and why."""


def load_embedder(model: str | Path) -> BatchingEmbedder:
    """The embedder over a model directory or a hub name, in 5 to 7 seconds: call it in a thread.

    Raises ModelUnavailable.
    """
    with _collector_paused(), _without_scikit_learn():
        try:
            # The model's libraries take seconds and 400 MB, which only a process that encodes should pay.
            from app.embeddings.model import load_encoder
        except (ImportError, OSError) as error:
            raise ModelUnavailable(f"the model's libraries cannot be loaded: {error}") from error
        return BatchingEmbedder(load_encoder(model))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Loading makes a million objects that stay: looking through them then, and later, only costs time."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


@contextmanager
def _without_scikit_learn() -> Iterator[None]:
    """Stands in for scikit-learn, which the libraries import for functions that encoding never calls.

    It and SciPy would take a second of every start, and 35 MB.
    """
    if "sklearn" in sys.modules or "app.embeddings.model" in sys.modules:
        yield
        return
    package, metrics = ModuleType("sklearn"), ModuleType("sklearn.metrics")
    package.__path__ = []
    package.__spec__ = ModuleSpec("sklearn", None, is_package=True)
    metrics.__dict__.update(pairwise_distances=None, roc_curve=None)
    sys.modules.update({"sklearn": package, "sklearn.metrics": metrics})
    try:
        yield
    finally:
        del sys.modules["sklearn"], sys.modules["sklearn.metrics"]
