"""The file of an export: each table as JSON lines and as CSV, in one zip."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class TableWriter:
    """Writes the rows of one table into `name.jsonl` and `name.csv`."""

    def __init__(self, json_lines: Any, sheet: Any, columns: Sequence[str]) -> None:
        self.json_lines = json_lines
        self.sheet = csv.DictWriter(sheet, columns)
        self.sheet.writeheader()

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            plain = {name: to_json(value) for name, value in row.items()}
            self.json_lines.write(json.dumps(plain, ensure_ascii=False) + "\n")
            self.sheet.writerow({name: to_cell(value) for name, value in plain.items()})


@contextmanager
def open_table(directory: Path, name: str, columns: Sequence[str]) -> Iterator[TableWriter]:
    # The mark at the beginning tells Excel that the letters are UTF-8.
    with (
        (directory / f"{name}.jsonl").open("w", encoding="utf-8") as json_lines,
        (directory / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as sheet,
    ):
        yield TableWriter(json_lines, sheet, columns)


def to_json(value: Any) -> Any:
    """A value of a column as JSON holds it: times in ISO 8601, amounts as text, so that no digit is lost."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal | StrEnum):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return [to_json(item) for item in value] if isinstance(value, list) else value


def to_cell(value: Any) -> Any:
    """A value as a spreadsheet shows it: what looks like a formula must not be run as one."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def pack(directory: Path, target: Path) -> None:
    """All files of the directory in one zip."""
    with ZipFile(target, "w", ZIP_DEFLATED) as packed:
        for path in sorted(directory.iterdir()):
            packed.write(path, path.name)
