"""Versions of what several people edit: ETag out, If-Match in."""

import re
from typing import Annotated

from fastapi import Depends, Header

from app.core.errors import BadRequest, PreconditionRequired, Stale
from app.core.i18n import gettext as _

IF_MATCH = "If-Match"
ETAG_PATTERN = r'^(?:W/)?"([0-9]{1,9})"$'

ETAG_HEADER = {
    "ETag": {
        "description": "The version, for `If-Match`.",
        "required": True,
        "schema": {"type": "string", "examples": ['"3"']},
    }
}
"""How an answer that carries a version is described."""


REQUIRED_IF_MATCH = {"required": True, "schema": {"type": "string", "pattern": ETAG_PATTERN, "examples": ['"3"']}}
"""How the parameter of an operation is described that refuses to go ahead without it."""


def format_etag(version: int) -> str:
    return f'"{version}"'


async def read_if_match(
    if_match: Annotated[
        str | None, Header(alias=IF_MATCH, max_length=40, description='The ETag you last read, such as `"3"`.')
    ] = None,
) -> int:
    """The version a caller says it changes; 428 when it does not say."""
    if if_match is None:
        raise PreconditionRequired(_("Send If-Match with the ETag you last read."))
    return parse_etag(if_match)


def parse_etag(text: str) -> int:
    """The version that an ETag of ours names; BadRequest for any other text."""
    found = re.match(ETAG_PATTERN, text.strip())
    if found is None:
        raise BadRequest(_("If-Match is not an ETag of ours."))
    return int(found[1])


IfMatch = Annotated[int, Depends(read_if_match)]


def refuse_stale(current: int, seen: int) -> None:
    """Raise Stale when somebody saved since the caller read."""
    if current != seen:
        raise Stale(_("Somebody saved meanwhile: version {current} is newer than yours.").format(current=current))
