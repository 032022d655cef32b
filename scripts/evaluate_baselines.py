"""What a good team would reach off the shelf: BM25, an embedding model, and two ways to put them together.

A baseline is a matrix of scores, a row a query and a column a document; what scores nothing is not found.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import bm25s
import numpy as np
import numpy.typing as npt
from Stemmer import Stemmer

from app.embeddings.vectors import Vector
from app.similar.vocabulary import CONFIGURATIONS
from scripts.evaluate_metrics import DEPTH
from scripts.evaluate_set import RetrievalSet, Text

Scores: TypeAlias = npt.NDArray[np.float32]

WORD = re.compile(r"\w\w+")
"""As bm25s cuts text."""
RANK_CONSTANT = 60
MEANING_SHARE = 0.6


def rank_baselines(
    tested: RetrievalSet, document_vectors: Sequence[Vector], query_vectors: Sequence[Vector]
) -> dict[str, dict[str, list[str]]]:
    """The first documents of each query, by baseline and the query's id."""
    words = score_words(tested.documents, tested.queries)
    meaning = score_meaning(document_vectors, query_vectors)
    scored = {
        "bm25": words,
        "dense": meaning,
        "rrf": fuse_ranks(words, meaning),
        "convex": fuse_scores(words, meaning),
    }
    return {name: list_first(scores, tested) for name, scores in scored.items()}


def list_first(scores: Scores, tested: RetrievalSet) -> dict[str, list[str]]:
    first: dict[str, list[str]] = {}
    for query, row in zip(tested.queries, scores, strict=True):
        places = np.argsort(-row, kind="stable")[:DEPTH]
        first[query.id] = [tested.documents[place].id for place in places if row[place] > 0]
    return first


def score_words(documents: Sequence[Text], queries: Sequence[Text]) -> Scores:
    """BM25 as bm25s has it, each text stemmed by its own language."""
    index = bm25s.BM25()
    index.index([stem_words(document) for document in documents], show_progress=False)
    nothing = np.zeros(len(documents), np.float32)
    return np.stack([index.get_scores(words) if (words := stem_words(query)) else nothing for query in queries])


def stem_words(text: Text) -> list[str]:
    words = WORD.findall(text.whole.lower())
    stemmer = find_stemmer(text.language)
    return words if stemmer is None else list(stemmer.stemWords(words))


@cache
def find_stemmer(language: str) -> Stemmer | None:
    """None for a language that has none here."""
    return Stemmer(CONFIGURATIONS[language]) if language in CONFIGURATIONS else None


def score_meaning(document_vectors: Sequence[Vector], query_vectors: Sequence[Vector]) -> Scores:
    """The cosine of vectors of length 1."""
    scores: Scores = np.stack(query_vectors) @ np.stack(document_vectors).T
    return scores


def fuse_ranks(*scored: Scores) -> Scores:
    """Reciprocal rank fusion: Cormack et al. 2009, https://doi.org/10.1145/1571941.1572114."""
    fused = np.zeros_like(scored[0])
    for scores in scored:
        ranks = 1 + np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
        fused += np.where(scores > 0, 1 / (RANK_CONSTANT + ranks), 0)
    return fused


def fuse_scores(words: Scores, meaning: Scores) -> Scores:
    """A convex combination of both, each stretched from 0 to 1 a query."""
    fused: Scores = MEANING_SHARE * _stretch(meaning) + (1 - MEANING_SHARE) * _stretch(words)
    return fused


def _stretch(scores: Scores) -> Scores:
    least = scores.min(axis=1, keepdims=True)
    span = scores.max(axis=1, keepdims=True) - least
    stretched: Scores = (scores - least) / np.where(span > 0, span, 1)
    return stretched
