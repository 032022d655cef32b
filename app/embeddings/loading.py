"""Loads the language model into a serving process, quickly and without a burden left behind."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from app.embeddings.embedder import BatchingEmbedder, Encoder


class ModelUnavailable(RuntimeError):
    """The language model is missing or broken; the message says which and why."""


def load_embedder(model: str | Path) -> BatchingEmbedder:
    """The embedder over a model directory or a hub name, in a second or two: call it in a thread.

    Raises ModelUnavailable.
    """
    path = Path(model).expanduser()
    if not path.is_dir() and (isinstance(model, Path) or str(model).startswith((".", "~", "/"))):
        raise ModelUnavailable(f"there is no language model at {path}")
    try:
        with _collector_paused():
            encoder = _load_encoder(path if path.is_dir() else str(model))
            lengths = np.linalg.norm(encoder.encode(["warm-up"], "query"), axis=1)
    except Exception as error:  # The tokenizer library raises Exception itself for a broken file.
        raise ModelUnavailable(f"the language model {model} cannot be loaded: {error}") from error
    if not np.allclose(lengths, 1, atol=1e-3):
        raise ModelUnavailable(f"the language model {model} gives vectors without a length")
    return BatchingEmbedder(encoder)


def _load_encoder(model: str | Path) -> Encoder:
    """On OpenVINO what it can run, else as sentence-transformers reads it.

    The libraries take seconds and hundreds of MB, which only a process that encodes should pay.
    """
    from app.embeddings.bert import BertEncoder, UnknownArchitecture

    if isinstance(model, Path):
        try:
            return BertEncoder(model)
        except UnknownArchitecture:
            pass
    from app.embeddings.model import SentenceEncoder

    return SentenceEncoder(model)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Loading makes a million objects that stay: looking through them then, and later, only costs time."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
