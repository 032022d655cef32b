"""A CSV or XLSX file as rows of text. Pure: bytes in, a table out."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zipfile import BadZipFile, ZipFile

from python_calamine import CalamineError, CalamineWorkbook

from app.core.errors import Invalid
from app.core.i18n import gettext as _

MOST_ROWS = 5_000
MOST_COLUMNS = 100
MOST_BYTES_UNPACKED = 100_000_000
SHEET_START = b"PK"
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")
UTF_16_STARTS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Table:
    """What a file holds: the first row names the columns."""

    columns: list[str]
    rows: list[list[str]]


def read_table(data: bytes) -> Table:
    """The table in a file, told by its content and not by its name. Raises Invalid at `file`."""
    lines = _read_sheet(data) if data.startswith(SHEET_START) else _read_text(data)
    filled = [line for line in lines if any(line)]
    if len(filled) < 2:  # noqa: PLR2004 - a heading and a row.
        raise Invalid.at("file", _("There is no row below the headings."))
    if len(filled) > MOST_ROWS + 1:
        raise Invalid.at("file", _("The file has more than {n} rows: split it.").format(n=MOST_ROWS))
    width = len(filled[0])
    if width > MOST_COLUMNS:
        raise Invalid.at("file", _("The file has more than {n} columns.").format(n=MOST_COLUMNS))
    return Table(filled[0], [(line + [""] * width)[:width] for line in filled[1:]])


def _read_text(data: bytes) -> list[list[str]]:
    text = _decode(data)
    try:
        dialect = csv.Sniffer().sniff(text[:10_000], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    try:
        return [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""), dialect)]
    except csv.Error as error:
        raise _not_a_table() from error


def _decode(data: bytes) -> str:
    if b"\x00" in data and not data.startswith(UTF_16_STARTS):
        raise _not_a_table()
    for encoding in ENCODINGS:
        if encoding == "utf-16" and not data.startswith(UTF_16_STARTS):
            continue
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _not_a_table()


def _read_sheet(data: bytes) -> list[list[str]]:
    try:
        with ZipFile(io.BytesIO(data)) as packed:
            # A few bytes can unpack to more than the machine holds.
            if sum(part.file_size for part in packed.infolist()) > MOST_BYTES_UNPACKED:
                raise _not_a_table()
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            lines: Sequence[Sequence[Any]] = book.get_sheet_by_index(0).to_python(nrows=MOST_ROWS + 2)
    except (BadZipFile, CalamineError, IndexError) as error:
        raise _not_a_table() from error
    return [[_write(value) for value in line] for line in lines]


def _write(value: Any) -> str:
    """A cell as somebody would type it."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _not_a_table() -> Invalid:
    return Invalid.at("file", _("This is neither a CSV nor an XLSX file."))
