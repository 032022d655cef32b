"""Learns what `app.embeddings.adaptation` describes from the texts in scripts/learning, and writes it to its file.

Prints one JSON object as its last line: what the adaptation does on the reasons that were held out.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression

from app.embeddings.adaptation import SHIPPED, Adaptation, read_file
from app.embeddings.bert import BertEncoder
from app.embeddings.build import build_model
from app.embeddings.vectors import Kind
from scripts.evaluate_metrics import measure_ranking
from scripts.learn_adapter import AdaptedEncoder, train
from scripts.learn_texts import Query, StuckText, choose_learned, read_learned, read_nothing, read_texts

LANGUAGES = ("nb", "sv", "en")
FIRST_LAYERS = (6, 3)
TEXTS_FOR_MEAN = 300
"""Of each language."""
OBSTACLE_PENALTY, STUCK_PENALTY = 1.0, 16.0
"""Inverse strength of the penalty on the directions, chosen on reasons that were left out."""


def say(words: str) -> None:
    print(words, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=280)
    parser.add_argument("--fold", type=int, default=0, help="which twentieth of the reasons is held out, 0 to 19")
    parser.add_argument("--to", type=Path, default=SHIPPED, help="file to write")
    parser.add_argument("--readings", action="store_true", help="keep the file's deltas and learn the rest anew")
    options = parser.parse_args()
    torch.manual_seed(1)
    texts = read_texts()
    reasons = read_learned(options.to) if options.readings else choose_learned(texts, options.fold)
    learned = [text for text in texts if text.reason in reasons]
    with tempfile.TemporaryDirectory(prefix="unstuck-learn-") as scratch:
        directory = build_model(Path(scratch) / "multilingual-e5-small", progress=say)
        started = time.monotonic()
        deltas = read_deltas(options.to) if options.readings else learn_deltas(directory, learned, options.steps)
        write(directory, options.to, deltas, learned)
        seconds = round(time.monotonic() - started)
        figures = check(directory, options.to, [text for text in texts if text.reason not in reasons])
    print(json.dumps({"seconds": seconds, "learned_reasons": len(reasons), **figures}))


def read_deltas(path: Path) -> dict[str, npt.NDArray[Any]]:
    """`up` and `down` by weight, as the file has them."""
    return {name: values for name, values in load_file(path).items() if name.startswith(("up.", "down."))}


def learn_deltas(directory: Path, texts: Sequence[StuckText], steps: int) -> dict[str, npt.NDArray[Any]]:
    """The mean of two runs from different layers on, which does better than either: `up` and `down` by weight."""
    runs = []
    for first_layer in FIRST_LAYERS:
        say(f"Reading {len(texts)} texts through the first {first_layer} layers …")
        encoder = AdaptedEncoder(directory, [text.text for text in texts], first_layer)
        for step, loss in train(encoder, texts, steps):
            say(f"step {step} of {steps}: loss {loss:.3f}")
        runs.append(encoder.deltas())
    ups, downs = {}, {}
    for name in sorted({name for run in runs for name in run if name.startswith("up.")}):
        weight = name.removeprefix("up.")
        of_run = [run for run in runs if name in run]
        ups[name] = np.concatenate([run[name] / len(runs) for run in of_run], axis=1)
        downs[f"down.{weight}"] = np.concatenate([run[f"down.{weight}"] for run in of_run])
    return ups | downs


def write(directory: Path, target: Path, deltas: dict[str, npt.NDArray[Any]], texts: Sequence[StuckText]) -> None:
    """The file, in three steps: each part is learned with the parts before it."""
    base = BertEncoder(directory, Adaptation()).model_id.partition("@")[2]
    metadata = {"base": base, "learned": " ".join(sorted({text.reason for text in texts}))}
    tensors = dict(deltas)
    for learn in (learn_means, learn_obstacles):
        save_file(tensors, target, metadata=metadata)
        encoder = BertEncoder(directory, read_file(target, base))
        tensors |= learn(encoder, texts)
    save_file(tensors, target, metadata=metadata)


def learn_means(encoder: BertEncoder, texts: Sequence[StuckText]) -> dict[str, npt.NDArray[np.float16]]:
    """Mean vectors by kind and language. A query is centred half as a passage is: many are written like passages."""
    say("Taking the means of each language …")
    of_language = {code: [t.text for t in texts if t.language == code] for code in LANGUAGES}
    spread = {code: found[:: max(1, len(found) // TEXTS_FOR_MEAN)] for code, found in of_language.items()}
    kinds: tuple[Kind, ...] = ("query", "passage", "story")
    means = {(kind, code): encoder.encode(found, kind).mean(0) for kind in kinds for code, found in spread.items()}
    for code in LANGUAGES:
        means["query", code] = (means["query", code] + means["passage", code]) / 2
    means |= {(kind, ""): np.mean([means[kind, code] for code in LANGUAGES], axis=0) for kind in kinds}
    return {f"mean.{kind}.{code}": mean.astype(np.float16) for (kind, code), mean in means.items()}


def read_stories(encoder: BertEncoder, texts: Iterable[StuckText | Query]) -> npt.NDArray[np.float32]:
    return np.stack(
        [encoder.adaptation.centre(encoder.encode([text.text], "story")[0], "story", text.language) for text in texts]
    )


def learn_obstacles(encoder: BertEncoder, texts: Sequence[StuckText]) -> dict[str, npt.NDArray[np.float16]]:
    """Logistic regressions from centred stories: to obstacle codes, and to whether a deal is stuck at all."""
    say("Learning to read obstacles …")
    stuck, nothing = read_stories(encoder, texts), read_stories(encoder, read_nothing())
    codes = fit(stuck, [text.obstacle for text in texts], OBSTACLE_PENALTY)
    told = fit(np.concatenate([stuck, nothing]), [True] * len(stuck) + [False] * len(nothing), STUCK_PENALTY)
    tensors = {
        f"obstacle.{code}": np.append(direction, bias).astype(np.float16)
        for code, direction, bias in zip(codes.classes_, codes.coef_, codes.intercept_, strict=True)
    }
    return tensors | {"stuck": np.append(told.coef_[0], told.intercept_).astype(np.float16)}


def fit(vectors: npt.NDArray[np.float32], labels: Sequence[str | bool], penalty: float) -> LogisticRegression:
    return LogisticRegression(C=penalty, class_weight="balanced", max_iter=2000).fit(vectors, labels)


def check(directory: Path, adaptation: Path, texts: Sequence[StuckText]) -> dict[str, Any]:
    """How well stories of reasons that were never learned from find each other, and are read as obstacles."""
    base = BertEncoder(directory, Adaptation()).model_id.partition("@")[2]
    encoder = BertEncoder(directory, read_file(adaptation, base))
    vectors = read_stories(encoder, texts)
    asked = [place for place, text in enumerate(texts) if text.form == "query"]
    told = [place for place, text in enumerate(texts) if text.form == "case"]
    figures = []
    for place in asked:
        order = np.argsort(-(vectors[told] @ vectors[place]), kind="stable")
        grades = {str(other): 1 for other in told if texts[other].reason == texts[place].reason}
        figures.append(measure_ranking([str(told[n]) for n in order], grades))
    read = [encoder.adaptation.read_obstacles(vector) for vector in vectors]
    best = [max(shares, key=lambda code: shares[code]) for shares in read]
    sure = [place for place, shares in enumerate(read) if shares[best[place]] >= 0.5]  # noqa: PLR2004
    right = [best[place] == texts[place].obstacle for place in range(len(texts))]
    return {
        "held_out_reasons": len({text.reason for text in texts}),
        **{name: round(float(np.mean([found[name] for found in figures])), 4) for name in figures[0]},
        "obstacle_right": round(float(np.mean(right)), 4),
        "obstacle_sure": round(len(sure) / len(texts), 4),
        "obstacle_right_when_sure": round(float(np.mean([right[place] for place in sure])), 4),
    }


if __name__ == "__main__":
    main()
