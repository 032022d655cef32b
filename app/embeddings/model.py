"""The one module that knows sentence-transformers: it reads any model. Importing it takes seconds."""

import logging
import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from app.embeddings.adaptation import Adaptation
from app.embeddings.prompts import MAX_TOKENS, choose_prompts
from app.embeddings.vectors import Kind, Vector


class SentenceEncoder:
    """A sentence-transformers model on the CPU, by directory or hub name."""

    def __init__(self, model: str | Path) -> None:
        path = Path(model).expanduser()
        # The event loop needs a core of its own: with every core encoding, other pages wait.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        self._model = SentenceTransformer(
            str(path if path.is_dir() else model),
            device="cpu",
            local_files_only=path.is_dir(),
            model_kwargs={"dtype": torch.float32},
        ).eval()
        self._model.max_seq_length = min(MAX_TOKENS, self._model.max_seq_length or MAX_TOKENS)
        name = path.name if path.is_dir() else str(model)
        self._prompts = choose_prompts(self._model.prompts, name)
        self.model_id = f"{name}@{self._fingerprint()}"
        self.adaptation = Adaptation()
        self.dimensions = len(self.encode(["warm-up"], "query")[0])

    def encode(self, texts: list[str], kind: Kind) -> Vector:
        """See `Encoder`."""
        # Half a surrogate pair, which JSON lets through, would fail everybody's batch.
        encodable = [text.encode(errors="replace").decode() for text in texts]
        vectors: Vector = self._model.encode(
            encodable,
            prompt=self._prompts[kind],
            batch_size=len(texts),
            normalize_embeddings=True,
            show_progress_bar=False,
        ).astype(np.float32, copy=False)
        return vectors

    def _fingerprint(self) -> str:
        """Eight hexadecimal digits of what makes the vectors."""
        digest = sha256(f"{sorted(self._prompts.items())} {self._model.max_seq_length}".encode())
        for parameter in self._model.parameters():
            digest.update(parameter.detach().numpy().tobytes())
        return digest.hexdigest()[:8]
