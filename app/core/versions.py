"""Versions of what several people edit: ETag out, If-Match in."""

import re
from typing import Annotated

from fastapi import Depends, Header

from app.core.errors import BadRequest, PreconditionRequired, Stale
from app.core.i18n import gettext as _


def format_etag(version: int) -> str:
    return f'"{version}"'


async def read_if_match(
    if_match: Annotated[str | None, Header(max_length=40, description='The ETag you last read, such as `"3"`.')] = None,
) -> int:
    """The version a caller says it changes; 428 when it does not say."""
    if if_match is None:
        raise PreconditionRequired(_("Send If-Match with the ETag you last read."))
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"', if_match.strip())
    if found is None:
        raise BadRequest(_("If-Match is not an ETag of ours."))
    return int(found[1])


IfMatch = Annotated[int, Depends(read_if_match)]


def refuse_stale(current: int, seen: int) -> None:
    """Raise Stale when somebody saved since the caller read."""
    if current != seen:
        raise Stale(_("Somebody saved meanwhile: version {current} is newer than yours.").format(current=current))
