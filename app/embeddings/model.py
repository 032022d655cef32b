"""The one module that knows sentence-transformers. Importing it takes seconds: never on the event loop."""

import logging
import os
from hashlib import sha256
from pathlib import Path

# Each shape of a batch gets code of its own: keep that of a few shapes, not of a thousand. Read when torch loads.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from app.embeddings.embedder import Kind, Vector
from app.embeddings.loading import ModelUnavailable

MAX_TOKENS = 256
"""Passages are cut shorter than this elsewhere."""

E5_PROMPTS = {"query": "query: ", "passage": "passage: "}
PROMPT_KEYS: dict[Kind, tuple[str, ...]] = {"query": ("query",), "passage": ("document", "passage", "corpus")}
FINGERPRINTED_VALUES = 16_384


class SentenceEncoder:
    """A sentence-transformers model on the CPU, made ready to serve."""

    def __init__(self, model: SentenceTransformer, name: str) -> None:
        model.max_seq_length = min(MAX_TOKENS, model.max_seq_length or MAX_TOKENS)
        self._model = model
        self._prompts = _find_prompts(model, name)
        self.model_id = f"{name}@{_fingerprint(model, self._prompts)}"
        _compute_in_float32(model)
        _pack_linear_layers(model, _fastest_dtype())
        self.dimensions = len(self.encode(["warm-up"], "query")[0])

    def encode(self, texts: list[str], kind: Kind) -> Vector:
        """See `Encoder`."""
        # Half a surrogate pair, which JSON lets through, would fail everybody's batch.
        encodable = [text.encode(errors="replace").decode() for text in texts]
        vectors = self._model.encode(
            encodable, prompt=self._prompts[kind], batch_size=len(texts), show_progress_bar=False
        ).astype(np.float32, copy=False)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise ModelUnavailable("the language model gives vectors without a length")
        normalised: Vector = vectors / lengths
        return normalised


class PackedLinear(torch.nn.Module):  # type: ignore[misc]
    """A linear layer for inference, its weights laid out once as the processor's kernels want them.

    With weights in bfloat16 a text takes three fifths of the time. What goes in and comes out keeps its
    type, so that the rest of the model computes in float32. The kernels are those torch's own compiler
    chooses for a linear layer; the compiler itself would take minutes and need a C++ one beside it.
    """

    def __init__(self, layer: torch.nn.Linear, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype
        self._weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach().to(dtype))  # noqa: SLF001
        self._bias = None if layer.bias is None else layer.bias.detach().to(dtype)
        self._apply_packed = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        result = self._apply_packed(values.to(self._dtype), self._weight, self._bias, "none", [], "")
        return result.to(values.dtype)


def load_encoder(model: str | Path) -> SentenceEncoder:
    """The encoder of a model directory or hub name. Raises ModelUnavailable."""
    path = Path(model).expanduser()
    if not path.is_dir() and (isinstance(model, Path) or str(model).startswith((".", "~", "/"))):
        raise ModelUnavailable(f"there is no language model at {path}")
    # The event loop needs a core of its own: with every core encoding, other pages wait.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))
    # Half-precision weights draw a warning, but are not what is computed in.
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        loaded = SentenceTransformer(
            str(path) if path.is_dir() else str(model),
            device="cpu",
            local_files_only=path.is_dir(),
            # Weights kept as they are stored stay mapped from their file, and processes share them.
            model_kwargs={"dtype": "auto"},
        )
        return SentenceEncoder(loaded.eval(), path.name if path.is_dir() else str(model))
    except Exception as error:  # The tokenizer library raises Exception itself for a broken file.
        raise ModelUnavailable(f"the language model {model} cannot be loaded: {error}") from error


def _find_prompts(model: SentenceTransformer, name: str) -> dict[Kind, str]:
    """What to put before a text: the model's own prompts, else those an e5 model was trained with."""
    own = {kind: next(filter(None, map(model.prompts.get, keys)), "") for kind, keys in PROMPT_KEYS.items()}
    if any(own.values()) or "e5" not in name.lower().replace("/", "-").split("-"):
        return own
    return {"query": E5_PROMPTS["query"], "passage": E5_PROMPTS["passage"]}


def _fingerprint(model: SentenceTransformer, prompts: dict[Kind, str]) -> str:
    """Eight hexadecimal digits of what makes the vectors: the start of every parameter, and the prompts.

    Reading whole parameters would bring all of a mapped file into memory.
    """
    digest = sha256(f"{sorted(prompts.items())} {model.max_seq_length}".encode())
    for parameter in model.parameters():
        digest.update(str(tuple(parameter.shape)).encode())
        digest.update(parameter.detach().flatten()[:FINGERPRINTED_VALUES].float().numpy().tobytes())
    return digest.hexdigest()[:8]


def _fastest_dtype() -> torch.dtype:
    capabilities = torch.cpu.get_capabilities()
    has_bfloat16 = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return torch.bfloat16 if has_bfloat16 else torch.float32


def _compute_in_float32(model: torch.nn.Module) -> None:
    """Leaves only the embedding tables as they are stored: of the many rows, a text needs a few."""
    for module in model.modules():
        if isinstance(module, torch.nn.Embedding):
            module.register_forward_hook(lambda _module, _inputs, rows: rows.float())
            continue
        for parameter in module.parameters(recurse=False):
            parameter.data = parameter.data.float()


def _pack_linear_layers(module: torch.nn.Module, dtype: torch.dtype) -> None:
    if not torch.backends.mkldnn.is_available():
        return
    for name, child in module.named_children():
        if type(child) is torch.nn.Linear:
            setattr(module, name, PackedLinear(child, dtype))
        else:
            _pack_linear_layers(child, dtype)
