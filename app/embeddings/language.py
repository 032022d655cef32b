"""Which of our languages a text is written in, also when it is one short line."""

from collections import Counter
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

EVIDENCE = {
    "no": ("nb", 1.0),
    "nn": ("nb", 1.0),
    # Danish counts as the language nearest to it, but less: a short Swedish line can look Danish too.
    "da": ("nb", 0.3),
    "sv": ("sv", 1.0),
    "en": ("en", 1.0),
    # Finnish has its place so that a Finnish text is not forced into another language.
    "fi": ("fi", 1.0),
}
DEFAULT_WEIGHT = 1.25
SURE = 0.5
READ_CHARACTERS = 2000

OTHER_LANGUAGES = ("da", "fi")
SURELY_OTHER = 0.9
FEWEST_WORDS = 8
"""A shorter line of Norwegian can look Danish."""


def detect_language(text: str, default: str) -> str:
    """`nb`, `sv` or `en`; `default` for a text too short or too odd to tell.

    Reads the model on first use, which takes a second: see `prepare_detection`.
    """
    weights: Counter[str] = Counter()
    for label, probability in _identifier().rank(text[:READ_CHARACTERS]):
        language, weight = EVIDENCE[label]
        weights[language] += probability * weight * (DEFAULT_WEIGHT if language == default else 1)
    [(likeliest, weight)] = weights.most_common(1)
    return likeliest if weight > SURE * weights.total() and likeliest != "fi" else default


def detect_other_language(text: str) -> str | None:
    """`da` or `fi` for a text that is surely Danish or Finnish; None for any other.

    Nobody chooses these languages: they only say how the words of a text are stemmed.
    """
    if len(text.split(maxsplit=FEWEST_WORDS)) < FEWEST_WORDS:
        return None
    [(label, probability), *_others] = _identifier().rank(text[:READ_CHARACTERS])
    return label if label in OTHER_LANGUAGES and probability >= SURELY_OTHER else None


def prepare_detection() -> None:
    """Read the model now, so that the first `detect_language` is quick. Call it in a thread."""
    _identifier()


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(EVIDENCE)
    return identifier
