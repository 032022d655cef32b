"""Which words of a passage are the query's: what is marked, and named as a reason."""

from collections.abc import Container, Iterable
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.similar.passages import WORD, list_spellings, split_words
from app.similar.vocabulary import QueryWords, name_dictionary

SHOWN_WORDS = 45
WORDS_BEFORE = 10

STEM_WORDS = text(
    """
    SELECT language, word, ts_lexize(cast(dictionary AS regdictionary), word) AS stems
    FROM unnest(cast(:languages AS text[]), cast(:dictionaries AS text[]), cast(:words AS text[]))
        AS given (language, dictionary, word)
    """
)


async def find_matched_words(
    session: AsyncSession, passages: Iterable[Any], query: QueryWords
) -> dict[tuple[str, str], float]:
    """What each of the passages' words tells of the query, in nats, by language and in lower case; 0 for most.

    A passage has a `text` and a `language`.
    """
    words = sorted({(passage.language, word) for passage in passages for word in split_words(passage.text)})
    asked = {
        "languages": [language for language, _word in words],
        "dictionaries": [name_dictionary(language) for language, _word in words],
        "words": [word for _language, word in words],
    }
    told: dict[str, float] = {}
    for term in query.terms:
        told |= {stem: max(tells, told.get(stem, 0.0)) for stem, tells in term.told.items()}
    return {
        (row.language, row.word): max(
            (told.get(spelling, 0.0) for stem in row.stems or () for spelling in list_spellings(stem)), default=0.0
        )
        for row in await session.execute(STEM_WORDS, asked)
    }


def mark_words(passage: str, words: Container[str]) -> Markup:
    """The passage, cut to where its first match stands, with every matched word in `<mark>`; all else is escaped."""
    html = Markup()
    text_from, text_to = _find_window(passage, words)
    position = text_from
    if text_from:
        html += "… "
    for found in WORD.finditer(passage, text_from, text_to):
        if found.group().lower() in words:
            html += escape(passage[position : found.start()]) + Markup("<mark>{}</mark>").format(found.group())
            position = found.end()
    html += escape(passage[position:text_to])
    return html + " …" if text_to < len(passage) else html


def _find_window(passage: str, words: Container[str]) -> tuple[int, int]:
    """Start and end of at most `SHOWN_WORDS` words, from a little before the first matched one."""
    spans = list(WORD.finditer(passage))
    if len(spans) <= SHOWN_WORDS:
        return 0, len(passage)
    first = next((n for n, span in enumerate(spans) if span.group().lower() in words), 0)
    start = min(max(0, first - WORDS_BEFORE), len(spans) - SHOWN_WORDS)
    end = start + SHOWN_WORDS
    return (spans[start].start() if start else 0), (len(passage) if end == len(spans) else spans[end - 1].end())
