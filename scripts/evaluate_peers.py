"""Answers the queries of a set with other programs for search by meaning, in an environment of theirs.

    python -m venv peers && peers/bin/pip install txtai chromadb sentence-transformers

`python evaluate_peers.py MODEL < SET > ANSWERS`: MODEL is a sentence-transformers directory with the prompts of E5; SET
is `{"documents": {id: text}, "queries": {id: text}}`, and ANSWERS `{name: {"rankings": {query: [id, …]}, "times":
[milliseconds, …]}}`. Imports nothing of the product.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import chromadb  # type: ignore[import-not-found]
from sentence_transformers import SentenceTransformer
from txtai import Embeddings  # type: ignore[import-not-found]

DEPTH = 10
WARM_UP = 20
QUERY, PASSAGE = "query: ", "passage: "
BATCH = 1000
"""Chroma takes a few thousand rows at once."""

Ask = Callable[[str], list[str]]


def index_with_txtai(model: str, documents: Mapping[str, str], *, hybrid: bool) -> Ask:
    """Hybrid: its BM25 beside the vectors."""
    embeddings = Embeddings(path=model, instructions={"query": QUERY, "data": PASSAGE}, hybrid=hybrid, gpu=False)
    embeddings.index(documents.items())
    return lambda query: [id_ for id_, _score in embeddings.search(query, DEPTH)]


def index_with_chroma(model: str, documents: Mapping[str, str]) -> Ask:
    """Chroma stores and finds; sentence-transformers reads, as its own embedding function does."""
    encoder = SentenceTransformer(model, device="cpu")
    collection = chromadb.EphemeralClient().create_collection("documents", metadata={"hnsw:space": "cosine"})
    ids = list(documents)
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        vectors = encoder.encode([PASSAGE + documents[id_] for id_ in part], normalize_embeddings=True)
        collection.add(ids=part, embeddings=vectors.tolist())

    def ask(query: str) -> list[str]:
        vector = encoder.encode([QUERY + query], normalize_embeddings=True)
        found: list[str] = collection.query(query_embeddings=vector.tolist(), n_results=DEPTH)["ids"][0]
        return found

    return ask


def answer(name: str, ask: Ask, queries: Mapping[str, str]) -> dict[str, Any]:
    """The first documents of each query and how long it took, one at a time."""
    for number, query in enumerate(list(queries.values())[:WARM_UP]):
        ask(f"{number} {query}")
    rankings, times = {}, []
    for id_, query in queries.items():
        started = time.perf_counter()
        rankings[id_] = ask(query)
        times.append((time.perf_counter() - started) * 1000)
    print(f"{name}: {len(queries)} queries answered", file=sys.stderr, flush=True)
    return {"rankings": rankings, "times": times}


def main() -> None:
    model, asked = sys.argv[1], json.load(sys.stdin)
    documents, queries = asked["documents"], asked["queries"]
    peers: dict[str, Callable[[], Ask]] = {
        "txtai": lambda: index_with_txtai(model, documents, hybrid=False),
        "txtai_hybrid": lambda: index_with_txtai(model, documents, hybrid=True),
        "chromadb": lambda: index_with_chroma(model, documents),
    }
    print(json.dumps({name: answer(name, make(), queries) for name, make in peers.items()}))


if __name__ == "__main__":
    main()
