"""Measures how well the product finds what answers a query, beside what a team would reach off the shelf.

DIR holds a set in BEIR form: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv`. Its documents are written, indexed and
asked for as the product does it, in a scratch database. The floor is off, so that the order alone is measured; what
the floor silences is measured apart, with `--nothing`. The last line is one JSON object.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from app.embeddings.build import build_model, default_model_dir
from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.vectors import Kind, Vector
from scripts.evaluate_baselines import rank_baselines
from scripts.evaluate_metrics import DIGITS, loses_answer, measure_rankings, measure_times
from scripts.evaluate_set import RetrievalSet, Text, UnreadableSet, read_set, read_texts
from scripts.evaluate_site import Answer, Progress, ScratchSite, open_site, tell

SYSTEMS = ("ours", "bm25", "dense", "rrf", "convex", "txtai", "txtai_hybrid", "chromadb")
ENCODED_AT_ONCE = 32


async def evaluate(
    tested: RetrievalSet, nothing: Sequence[Text], data_dir: Path, model: Path, peers: Path | None = None
) -> dict[str, Any]:
    """All figures of one run."""
    texts = [query.text for query in tested.queries]
    figures: dict[str, Any] = {
        "set": tested.name,
        "documents": len(tested.documents),
        "queries": len(tested.queries),
    }
    async with open_site(data_dir, model) as site:
        await site.load(tested.documents)
        await site.warm_up(texts)
        answers = await site.ask_all("Queries asked", texts, floor=False)
        rankings = {query.id: answer.documents for query, answer in zip(tested.queries, answers, strict=True)}
        times = measure_times([answer.milliseconds for answer in answers])
        figures["ours"] = measure_rankings(rankings, tested.grades) | times
        figures |= await measure_baselines(site, tested)
        if nothing:
            figures["nothing"] = await measure_silence(site, tested, answers, nothing)
    if peers:
        figures |= measure_peers(tested, model, peers)
    return figures


def measure_peers(tested: RetrievalSet, model: Path, python: Path) -> dict[str, Any]:
    """Other programs with the same model, in their own environment, on the same machine after ours."""
    asked = {
        "documents": {document.id: document.whole for document in tested.documents},
        "queries": {query.id: query.text for query in tested.queries},
    }
    command = [python, Path(__file__).with_name("evaluate_peers.py"), model]
    answered = subprocess.run(command, input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=True)  # noqa: S603 - the peers named on the command line.
    return {
        name: measure_rankings(found["rankings"], tested.grades) | measure_times(found["times"])
        for name, found in json.loads(answered.stdout.splitlines()[-1]).items()
    }


async def measure_baselines(site: ScratchSite, tested: RetrievalSet) -> dict[str, Any]:
    """Asked after ours: the product would remember the vectors of the queries."""
    embedder = site.slot.embedder
    assert embedder is not None
    documents = await encode(embedder, tested.documents, "passage")
    queries = await encode(embedder, tested.queries, "query")
    rankings = rank_baselines(tested, documents, queries)
    return {name: measure_rankings(ranking, tested.grades) for name, ranking in rankings.items()}


async def encode(embedder: BatchingEmbedder, texts: Sequence[Text], kind: Kind) -> list[Vector]:
    """A vector a text, of as much of it as the model reads."""
    embed = embedder.embed_queries if kind == "query" else embedder.embed_passages
    progress = Progress(f"Encoded whole, {kind}", len(texts))
    vectors: list[Vector] = []
    for start in range(0, len(texts), ENCODED_AT_ONCE):
        part = [text.whole for text in texts[start : start + ENCODED_AT_ONCE]]
        vectors += await embed(part)
        progress.step(len(part))
    return vectors


async def measure_silence(
    site: ScratchSite, tested: RetrievalSet, without_floor: Sequence[Answer], nothing: Sequence[Text]
) -> dict[str, float]:
    """How often the floor rightly silences all, and how often it takes an answer away.

    `silent` is a share of the queries that nothing answers. Of those of the set, `answerable_hit` is the share with a
    relevant document among the first five without the floor, `answerable_lost` the share that loses one of these.
    """
    unanswered = await site.ask_all("Queries without an answer asked", [query.text for query in nothing], floor=True)
    answered = await site.ask_all("Queries asked with the floor", [query.text for query in tested.queries], floor=True)
    hits = lost = 0
    for query, off, on in zip(tested.queries, without_floor, answered, strict=True):
        grades = tested.grades[query.id]
        hits += loses_answer(off.documents, [], grades)
        lost += loses_answer(off.documents, on.documents, grades)
    return {
        "queries": len(nothing),
        "silent": round(sum(answer.nothing_close for answer in unanswered) / len(nothing), DIGITS),
        "answerable_hit": round(hits / len(answered), DIGITS),
        "answerable_lost": round(lost / len(answered), DIGITS),
    }


def write_table(figures: dict[str, Any]) -> str:
    """The figures for people."""
    names = list(figures["ours"])
    lines = [f"{figures['set']}: {figures['documents']} documents, {figures['queries']} queries"]
    lines.append("".join([" " * 12, *(f"{name:>11}" for name in names)]))
    for system in [name for name in SYSTEMS if name in figures]:
        values = (figures[system].get(name, "") for name in names)
        lines.append(f"{system:<12}" + "".join(f"{value:>11}" for value in values))
    if "nothing" in figures:
        lines.append("nothing: " + ", ".join(f"{name} {value}" for name, value in figures["nothing"].items()))
    return "\n".join(lines)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="the set")
    parser.add_argument("--queries", metavar="FILE", type=Path, help="other queries than DIR/queries.jsonl")
    parser.add_argument("--nothing", metavar="FILE", type=Path, help="queries that no document answers")
    parser.add_argument("--limit", metavar="N", type=int, help="for a quick try: so many documents, the answers first")
    parser.add_argument("--model", metavar="DIR", type=Path, help="language model to use, built there if it is none")
    parser.add_argument("--peers", metavar="PYTHON", type=Path, help="of an environment with txtai and chromadb")
    parser.add_argument("--json", action="store_true", help="the JSON object alone, without the table")
    return parser.parse_args()


def main() -> None:
    options = read_options()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        tested = read_set(options.directory, queries=options.queries, limit=options.limit)
        nothing = read_texts(options.nothing) if options.nothing else []
    except UnreadableSet as error:
        sys.exit(str(error))
    with tempfile.TemporaryDirectory(prefix="unstuck-evaluate-") as scratch:
        data_dir = Path(scratch)
        model = options.model or default_model_dir(data_dir)
        if not model.exists():
            build_model(model, progress=tell)
        figures = asyncio.run(evaluate(tested, nothing, data_dir, model, options.peers))
    if not options.json:
        print(write_table(figures))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
