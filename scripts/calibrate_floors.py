"""Fits the floor below which the product says that nothing is close enough, and writes it where the product reads it.

A scratch site holds stories of stuck deals. It is asked, without a floor, queries that some of them answer and queries
that none does, which tell of no stuck deal. No reason that is asked for was ever learned from. For each pair of
languages the floor is a quantile of the best scores of the latter: the lowest that silences enough of them. How much
lower the floor is for a text that tells of a stuck deal is what lets the fewest of the former lose their answer. Prints
one JSON object as its last line.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from app.embeddings.adaptation import SHIPPED as ADAPTATION
from app.embeddings.build import build_model, default_model_dir
from app.embeddings.language import detect_language
from app.similar.asked import read_story
from app.similar.floors import SHIPPED, read_floors
from app.similar.scoring import Floors
from scripts.evaluate_set import Text
from scripts.evaluate_site import Answer, ScratchSite, open_site, tell
from scripts.learn_texts import StuckText, read_learned, read_nothing, read_texts

LANGUAGES = ("nb", "sv", "en")
OTHER_STORIES = 200
"""Of reasons that nobody asks for."""
ASKING = ("query", "short")
FIRST = 5
ENOUGH_SILENT = 0.9
"""Of the queries that no story answers."""
QUANTILES = np.arange(0.5, 0.996, 0.005)
LOWER = np.arange(0.0, 0.31, 0.02)
DIGITS = 3


@dataclass(frozen=True)
class Scored:
    """What a query found: the scores of stories in their order, their languages, and which of them are right."""

    language: str
    stuck: float
    scores: Sequence[float]
    languages: Sequence[str]
    right: Sequence[bool]

    def find_shown(self, floors: Floors) -> list[bool]:
        """Which of the stories are close enough."""
        return [
            score >= floors.find(self.language, language, self.stuck)
            for score, language in zip(self.scores, self.languages, strict=True)
        ]

    @property
    def is_answered(self) -> bool:
        return any(self.right[:FIRST])

    def loses(self, floors: Floors) -> bool:
        shown = self.find_shown(floors)
        return any(right and not kept for right, kept in zip(self.right[:FIRST], shown[:FIRST], strict=True))


async def calibrate(data_dir: Path, model: Path) -> dict[str, Any]:
    texts = read_texts()
    learned = read_learned(ADAPTATION)
    stories = [text for text in texts if text.form == "case"]
    others = [text for text in stories if text.reason in learned]
    told = [text for text in stories if text.reason not in learned] + others[:: max(1, len(others) // OTHER_STORIES)]
    queries = [text for text in texts if text.form in ASKING and text.reason not in learned]
    async with open_site(data_dir, model) as site:
        await site.load([Text(str(place), "", text.text, text.language) for place, text in enumerate(told)])
        answered = [await ask(site, query.text, told, query.reason) for query in queries]
        unanswered = [await ask(site, query.text, told, None) for query in read_nothing()]
        assert site.slot.embedder is not None
        return {"model": site.slot.embedder.model_id, **fit(answered, unanswered)}


async def ask(site: ScratchSite, text: str, told: Sequence[StuckText], reason: str | None) -> Scored:
    """As the product answers it without a floor. The language is the one that the product takes it for."""
    embedder = site.slot.embedder
    assert embedder is not None
    language = detect_language(text, default="en")
    answer: Answer = await site.ask(text, floor=False)
    story = await read_story(embedder, [text], language)
    found = [told[int(document)] for document in answer.documents]
    return Scored(
        language,
        embedder.adaptation.read_stuck(story) if story is not None else 0.0,
        answer.scores,
        [detect_language(text.text, default="en") for text in found],
        [text.reason == reason for text in found],
    )


def fit(answered: Sequence[Scored], unanswered: Sequence[Scored]) -> dict[str, Any]:
    """The lowest floors that silence enough of the unanswered, and let the fewest of the answered lose their answer."""
    hit = [scored for scored in answered if scored.is_answered]
    enough = [found for lower in LOWER if (found := find_lowest(hit, unanswered, float(lower)))]
    best = min(enough, key=lambda found: (found["lost"], found["lower_when_stuck"]))
    return best | {"answered": len(hit), "unanswered": len(unanswered)}


def find_lowest(hit: Sequence[Scored], unanswered: Sequence[Scored], lower: float) -> dict[str, Any] | None:
    """The lowest quantile that silences enough, with its floors and what they do."""
    for quantile in map(float, QUANTILES):
        made = make_floors(unanswered, quantile, lower)
        floors = read_floors(made)
        silent = float(np.mean([not any(scored.find_shown(floors)) for scored in unanswered]))
        if silent >= ENOUGH_SILENT:
            lost = float(np.mean([scored.loses(floors) for scored in hit]))
            figures = {"silent": silent, "lost": lost, "quantile": quantile}
            return {**{name: round(figure, DIGITS) for name, figure in figures.items()}, **made}
    return None


def make_floors(unanswered: Sequence[Scored], quantile: float, lower: float) -> dict[str, Any]:
    """What `read_floors` reads: by language of the query, then of the story."""
    floors: Mapping[str, dict[str, float]] = {asked: {} for asked in LANGUAGES}
    for asked, told in product(LANGUAGES, LANGUAGES):
        best = [
            max((score + lower * scored.stuck for score, in_ in found if in_ == told), default=0.0)
            for scored in unanswered
            if scored.language == asked
            for found in [list(zip(scored.scores, scored.languages, strict=True))]
        ]
        floors[asked][told] = round(float(np.quantile([score for score in best if score] or [1.0], quantile)), DIGITS)
    return {"floors": floors, "lower_when_stuck": round(float(lower), DIGITS)}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/calibrate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", metavar="DIR", type=Path, help="language model to use, built there if it is none")
    parser.add_argument("--to", type=Path, default=SHIPPED, help="file to write")
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory(prefix="unstuck-calibrate-") as scratch:
        data_dir = Path(scratch)
        model = options.model or default_model_dir(data_dir)
        if not model.exists():
            build_model(model, progress=tell)
        figures = asyncio.run(calibrate(data_dir, model))
    options.to.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
