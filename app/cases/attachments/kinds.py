"""Which files a case takes, and whether a file is what its name says."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

import puremagic

OFFICE = "application/vnd.openxmlformats-officedocument"
CONTROLS = frozenset(range(32)) - {9, 10, 12, 13}


@dataclass(frozen=True)
class Kind:
    """A kind of file: how it is served, and the part that an archive of this kind must hold."""

    media_type: str
    part: str = ""

    @property
    def is_text(self) -> bool:
        return self.media_type.startswith("text/")


KINDS = {
    "pdf": Kind("application/pdf"),
    "png": Kind("image/png"),
    "jpg": Kind("image/jpeg"),
    "jpeg": Kind("image/jpeg"),
    "gif": Kind("image/gif"),
    "webp": Kind("image/webp"),
    "docx": Kind(f"{OFFICE}.wordprocessingml.document", "word/document.xml"),
    "xlsx": Kind(f"{OFFICE}.spreadsheetml.sheet", "xl/workbook.xml"),
    "pptx": Kind(f"{OFFICE}.presentationml.presentation", "ppt/presentation.xml"),
    "txt": Kind("text/plain"),
    "csv": Kind("text/csv"),
}
"""By the ending of the name."""


def read_ending(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()


def find_kind(name: str) -> Kind | None:
    """The kind that the name tells, or None when no case takes it."""
    return KINDS.get(read_ending(name))


def is_what_it_says(name: str, content: bytes) -> bool:
    """Whether the content is of the kind that the name tells. Slow for a large file: call it in a thread."""
    kind = KINDS[read_ending(name)]
    if kind.is_text:
        return _is_text(content)
    try:
        found = {match.extension.removeprefix(".") for match in puremagic.magic_string(content)}
    except (puremagic.PureError, ValueError):
        return False
    fits = any(KINDS[ending] == kind for ending in found & KINDS.keys())
    return fits and (not kind.part or _is_office(content, kind.part))


def _is_text(content: bytes) -> bool:
    """Text in whatever encoding a spreadsheet writes; UTF-16 is told from anything else by its mark."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeDecodeError:
            return False
    return CONTROLS.isdisjoint(content)


def _is_office(content: bytes, part: str) -> bool:
    """An archive that holds the main part of its kind, and no macros."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return False
    return part in names and not any(name.lower().endswith("vbaproject.bin") for name in names)
