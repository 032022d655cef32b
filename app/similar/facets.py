"""What the found are about, counted: how a search can be narrowed. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from app.similar.operators import Operator
from app.similar.scoring import Facets

FacetCounts: TypeAlias = Mapping[Operator, Counter[str]]
"""How many of the found have each value, by operator: keys of codes, or names of products."""


class About(NamedTuple):
    """What one of the found is about, and how it ended."""

    facets: Facets
    outcome: str | None


def count_facets(found: Iterable[About]) -> FacetCounts:
    counts: dict[Operator, Counter[str]] = {operator: Counter() for operator in COUNTED}
    for about in found:
        facets = about.facets
        counts[Operator.OBSTACLE].update(set(facets.obstacles))
        for operator, value in (
            (Operator.STAGE, facets.stage),
            (Operator.INDUSTRY, facets.industry),
            (Operator.OUTCOME, about.outcome),
            (Operator.PRODUCT, facets.product.strip()),
        ):
            if value:
                counts[operator][value] += 1
    return counts


COUNTED = (Operator.OBSTACLE, Operator.STAGE, Operator.INDUSTRY, Operator.OUTCOME, Operator.PRODUCT)
"""In the order they are offered."""
