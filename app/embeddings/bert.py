"""Runs a BERT encoder with mean pooling on OpenVINO: the graph is made from the model's own weight file.

The reference is the same directory read by sentence-transformers; a test holds the two together. Of the libraries
only OpenVINO and the tokenizer are loaded, which takes a second and a third of the memory of torch.

Stories are read by a second graph: the same weights with what was learned for stories added (`adaptation`).
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as op
from tokenizers import Encoding, Tokenizer

from app.embeddings.adaptation import Adaptation, Weights, read_adaptation
from app.embeddings.prompts import MAX_TOKENS, find_prompts
from app.embeddings.vectors import Kind, Vector

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
TYPES = "embeddings.token_type_embeddings.weight"

FINGERPRINTED_VALUES = 16_384

LENGTH_STEP = 8
"""Texts are padded to a multiple of it, for every length gets compiled code of its own."""

NUMBER_TYPES = {"F16": np.float16, "F32": np.float32}


class UnknownArchitecture(Exception):
    """The directory holds another kind of model than a BERT encoder with mean pooling."""


class BertEncoder:
    """The encoder of a sentence-transformers directory. Raises UnknownArchitecture, or what reading a file raises.

    Without an `adaptation` it takes the one that was learned for the model, if there is one.
    """

    def __init__(self, directory: Path, adaptation: Adaptation | None = None, *, threads: int = 1) -> None:
        config = _read_config(directory)
        weights = map_weights(directory / "model.safetensors")
        self._prompts = find_prompts(directory)
        base = _fingerprint(weights, self._prompts)
        self.adaptation = read_adaptation(directory, base) if adaptation is None else adaptation
        self.model_id = f"{directory.name}@{base}{self.adaptation.version}"
        self.dimensions = int(config["hidden_size"])
        self._words = weights[WORDS]
        self._positions = weights[POSITIONS].astype(np.float32) + weights[TYPES][0].astype(np.float32)
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(MAX_TOKENS, len(self._positions)))
        plain = _compile(build_graph(weights, config), threads)
        adapted = _compile(build_graph(self.adaptation.adapt(weights), config), threads) if self.adaptation else plain
        self._inference: dict[Kind, ov.InferRequest] = {
            "query": plain.create_infer_request(),
            "passage": plain.create_infer_request(),
            "story": adapted.create_infer_request(),
        }

    def encode(self, texts: list[str], kind: Kind) -> Vector:
        """See `Encoder`. One text at a time: together they would be padded, and take as long."""
        prompt = self._prompts[kind]
        # Half a surrogate pair, which JSON lets through, is no text.
        encodings = self._tokenizer.encode_batch([prompt + text.encode(errors="replace").decode() for text in texts])
        return np.stack([self._encode(encoding, self._inference[kind]) for encoding in encodings])

    def _encode(self, encoding: Encoding, inference: ov.InferRequest) -> Vector:
        ids = encoding.ids
        length = -(-len(ids) // LENGTH_STEP) * LENGTH_STEP
        embedded = np.zeros((1, length, self.dimensions), np.float32)
        embedded[0, : len(ids)] = self._words[ids]
        embedded[0, : len(ids)] += self._positions[: len(ids)]
        mask = np.zeros((1, length), np.float32)
        mask[0, : len(ids)] = 1
        vector: Vector = inference.infer([embedded, mask])[0][0].copy()
        return vector


def _read_config(directory: Path) -> dict[str, Any]:
    """The model's sizes, if it is a BERT encoder whose token vectors are averaged and set to length 1."""
    modules = [module["type"].rpartition(".")[2] for module in _read_json(directory / "modules.json")]
    config: dict[str, Any] = _read_json(directory / "config.json")
    pooling = directory / "1_Pooling" / "config.json"
    known = (
        modules == ["Transformer", "Pooling", "Normalize"]
        and (config.get("model_type"), config.get("hidden_act")) == ("bert", "gelu")
        and [name for name, used in _read_json(pooling).items() if used is True and name.startswith("pooling_mode")]
        == ["pooling_mode_mean_tokens"]
        and (directory / "model.safetensors").is_file()
    )
    if not known:
        raise UnknownArchitecture(f"{directory} is no BERT encoder with mean pooling")
    return config


def _read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def map_weights(path: Path) -> Weights:
    """The tensors of a safetensors file, mapped: what is not read takes no memory.

    Format: https://github.com/huggingface/safetensors#format. Raises ValueError for a file that ends too early.
    """
    with path.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(header_size))
    header.pop("__metadata__", None)
    whole = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + header_size)
    weights = {}
    for name, tensor in header.items():
        start, end = tensor["data_offsets"]
        weights[name] = whole[start:end].view(NUMBER_TYPES[tensor["dtype"]]).reshape(tensor["shape"])
    return weights


def _fingerprint(weights: Weights, prompts: Mapping[Kind, str]) -> str:
    """Eight hexadecimal digits of what makes the vectors: the start of every parameter, and the prompts.

    Reading whole parameters would bring all of a mapped file into memory.
    """
    digest = sha256(f"{sorted(prompts.items())} {MAX_TOKENS}".encode())
    for name, values in sorted(weights.items()):
        digest.update(f"{name} {values.shape}".encode())
        digest.update(values.reshape(-1)[:FINGERPRINTED_VALUES].astype(np.float32).tobytes())
    return digest.hexdigest()[:8]


def _compile(model: ov.Model, threads: int) -> ov.CompiledModel:
    core = ov.Core()
    fast = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if fast else "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # The event loop shares the cores, and the system knows better than the encoder where it runs.
        "ENABLE_CPU_PINNING": False,
    }
    return core.compile_model(model, "CPU", settings)


def build_graph(weights: Weights, config: Mapping[str, Any]) -> ov.Model:
    """The encoder from embedded tokens (batch, length, hidden) and their mask (batch, length) to vectors of length 1.

    Architecture: Devlin et al. 2018, https://arxiv.org/abs/1810.04805; parameters as transformers' BertModel names
    them. The look-up of embeddings is left to the caller: of the many rows a text needs a few.
    """
    hidden = int(config["hidden_size"])
    graph = Graph(weights, heads=int(config["num_attention_heads"]), epsilon=float(config["layer_norm_eps"]))
    embedded = op.parameter([-1, -1, hidden], np.float32, name="embedded")
    mask = op.parameter([-1, -1], np.float32, name="mask")
    hidden_mask = op.unsqueeze(mask, _whole(1, 2))
    ignored = op.multiply(op.subtract(_number(1), hidden_mask), _number(-1e4))
    tokens = graph.normalise(embedded, "embeddings.LayerNorm")
    for layer in range(int(config["num_hidden_layers"])):
        tokens = graph.add_layer(tokens, ignored, f"encoder.layer.{layer}")
    summed = op.reduce_sum(op.multiply(tokens, op.unsqueeze(mask, _whole(-1))), _whole(1), keep_dims=False)
    return ov.Model([op.normalize_l2(summed, _whole(1), 1e-12, "max")], [embedded, mask], "encoder")


class Graph:
    """The parts of an encoder, each applied to a node of the graph."""

    def __init__(self, weights: Weights, *, heads: int, epsilon: float) -> None:
        self._weights = weights
        self._heads = heads
        self._epsilon = epsilon

    def add_layer(self, tokens: ov.Node, ignored: ov.Node, name: str) -> ov.Node:
        attended = self.project(self._attend(tokens, ignored, name), f"{name}.attention.output.dense")
        tokens = self.normalise(op.add(attended, tokens), f"{name}.attention.output.LayerNorm")
        wide = op.gelu(self.project(tokens, f"{name}.intermediate.dense"), "erf")
        return self.normalise(op.add(self.project(wide, f"{name}.output.dense"), tokens), f"{name}.output.LayerNorm")

    def _attend(self, tokens: ov.Node, ignored: ov.Node, name: str) -> ov.Node:
        hidden = int(tokens.get_output_partial_shape(0)[2].get_length())
        split, swapped = _whole(0, 0, self._heads, hidden // self._heads), _whole(0, 2, 1, 3)
        query, key, value = (
            op.transpose(
                op.reshape(self.project(tokens, f"{name}.attention.self.{part}"), split, special_zero=True), swapped
            )
            for part in ("query", "key", "value")
        )
        attended = op.scaled_dot_product_attention(query, key, value, ignored)
        return op.reshape(op.transpose(attended, swapped), _whole(0, 0, hidden), special_zero=True)

    def project(self, values: ov.Node, name: str) -> ov.Node:
        matrix = op.constant(self._weights[f"{name}.weight"])
        if matrix.get_element_type() != ov.Type.f32:
            matrix = op.convert(matrix, "f32")
        product = op.matmul(values, matrix, transpose_a=False, transpose_b=True)
        return op.add(product, self._constant(f"{name}.bias"))

    def normalise(self, values: ov.Node, name: str) -> ov.Node:
        centred = op.mvn(values, _whole(-1), True, self._epsilon, "inside_sqrt")
        return op.add(op.multiply(centred, self._constant(f"{name}.weight")), self._constant(f"{name}.bias"))

    def _constant(self, name: str) -> ov.Node:
        return op.constant(self._weights[name].astype(np.float32))


def _whole(*values: int) -> ov.Node:
    return op.constant(np.array(values, np.int64))


def _number(value: float) -> ov.Node:
    return op.constant(np.float32(value))
