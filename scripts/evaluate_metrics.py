"""How good rankings are, by the grades of what they hold."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from scripts.evaluate_set import Grades

DEPTH = 10
SUCCESS_DEPTH = 5
DIGITS = 4


def measure_rankings(rankings: Mapping[str, Sequence[str]], grades: Mapping[str, Grades]) -> dict[str, float]:
    """Means over the queries. `rankings` hold ids of documents, best first, by the query's id."""
    measured = [measure_ranking(rankings[query], of_query) for query, of_query in grades.items()]
    return {name: round(float(np.mean([one[name] for one in measured])), DIGITS) for name in measured[0]}


def measure_ranking(ranking: Sequence[str], grades: Grades) -> dict[str, float]:
    """One query's figures. Every graded document is relevant; *right* are those of the query's highest grade."""
    right = {document for document, grade in grades.items() if grade == max(grades.values())}
    first = next((place for place, document in enumerate(ranking[:DEPTH], 1) if document in right), None)
    return {
        f"ndcg@{DEPTH}": measure_ndcg(ranking, grades),
        f"recall@{DEPTH}": len(grades.keys() & set(ranking[:DEPTH])) / len(grades),
        f"mrr@{DEPTH}": 1 / first if first else 0.0,
        f"success@{SUCCESS_DEPTH}": float(first is not None and first <= SUCCESS_DEPTH),
    }


def measure_ndcg(ranking: Sequence[str], grades: Grades) -> float:
    """The ranking's gain as a share of what all graded documents in their best order give.

    Gain 2^grade - 1, discounted by log2(1 + place): Burges et al. 2005, https://doi.org/10.1145/1102351.1102363.
    """
    return _add_gains([grades.get(document, 0) for document in ranking]) / _add_gains(
        sorted(grades.values(), reverse=True)
    )


def _add_gains(grades: Sequence[int]) -> float:
    return math.fsum((2**grade - 1) / math.log2(1 + place) for place, grade in enumerate(grades[:DEPTH], 1))


def measure_times(milliseconds: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


def loses_answer(without_floor: Sequence[str], with_floor: Sequence[str], grades: Grades) -> bool:
    """Whether the floor takes away a relevant document that would be among the first five."""
    return bool((grades.keys() & set(without_floor[:SUCCESS_DEPTH])) - set(with_floor))
