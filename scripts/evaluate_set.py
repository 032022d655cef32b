"""A retrieval set in BEIR form: documents, queries, and which document answers which query."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Grades: TypeAlias = Mapping[str, int]
"""How well documents answer a query, by their id; what is not named does not answer it."""

SAME_LANGUAGE = {"no": "nb", "nn": "nb"}


class UnreadableSet(Exception):
    """A file of the set is missing or not in BEIR form; the message says which, and what is wrong."""


@dataclass(frozen=True)
class Text:
    """A document, or a query, which has no title."""

    id: str
    title: str
    text: str
    language: str
    """As the set gives it, Norwegian as `nb`; English where it gives none."""

    @property
    def whole(self) -> str:
        """What the baselines read."""
        return f"{self.title}\n{self.text}".strip()


@dataclass(frozen=True)
class RetrievalSet:
    """Every query has at least one document that answers it."""

    name: str
    documents: Sequence[Text]
    queries: Sequence[Text]
    grades: Mapping[str, Grades]
    """By query id; above zero."""


def read_set(directory: Path, *, queries: Path | None = None, limit: int | None = None) -> RetrievalSet:
    """The set of a folder; of its documents at most `limit`, the answers first. Raises UnreadableSet."""
    corpus = read_texts(directory / "corpus.jsonl")
    asked = read_texts(queries or directory / "queries.jsonl")
    grades = read_grades(directory / "qrels.tsv")
    documents = choose_documents(corpus, [grades.get(query.id, {}) for query in asked], limit)
    known = {document.id for document in documents}
    judged = {
        query.id: kept
        for query in asked
        if (kept := {id_: grade for id_, grade in grades.get(query.id, {}).items() if id_ in known})
    }
    if not judged:
        raise UnreadableSet(f"No query of {queries or directory} is answered by a document of {directory}.")
    return RetrievalSet(directory.resolve().name, documents, [q for q in asked if q.id in judged], judged)


def choose_documents(documents: Sequence[Text], answers: Sequence[Grades], limit: int | None) -> Sequence[Text]:
    """At most `limit` documents in their order, those that answer a query before the others."""
    if limit is None or limit >= len(documents):
        return documents
    answering = {id_ for grades in answers for id_ in grades}
    first = sorted(documents, key=lambda document: document.id not in answering)[:limit]
    kept = {document.id for document in first}
    return [document for document in documents if document.id in kept]


def read_texts(path: Path) -> list[Text]:
    """The documents or queries of a file: a JSON object with `_id` and `text` a line."""
    return [
        Text(
            id=str(row["_id"]),
            title=str(row.get("title") or ""),
            text=str(row["text"]),
            language=SAME_LANGUAGE.get(language := str(row.get("lang") or "en"), language),
        )
        for row in _read_rows(path)
    ]


def _read_rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_read_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UnreadableSet(f"{path}, line {number}: {error}") from error
        if not isinstance(row, dict) or not {"_id", "text"} <= row.keys():
            raise UnreadableSet(f"{path}, line {number}: an object with _id and text is wanted.")
        yield row


def read_grades(path: Path) -> dict[str, dict[str, int]]:
    """Grades above zero by query and document, from a table with a header and the columns of BEIR."""
    grades: dict[str, dict[str, int]] = {}
    for row in csv.DictReader(_read_lines(path), delimiter="\t", quoting=csv.QUOTE_NONE):
        try:
            query, document, grade = row["query-id"], row["corpus-id"], int(row["score"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableSet(f"{path}: query-id, corpus-id and a whole score are wanted, not {row}") from error
        if grade > 0:
            grades.setdefault(query, {})[document] = grade
    return grades


def _read_lines(path: Path) -> list[str]:
    """Ended by line feeds alone: other signs that end a line may stand in a text."""
    try:
        return path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSet(f"{path}: {error}") from error
