"""How a file leaves: never so that a browser runs what is in it."""

from urllib.parse import quote

from fastapi import Response

from app.cases.models import Attachment

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


def serve(attachment: Attachment, disposition: str) -> Response:
    """The content, as `attachment` to be saved or `inline` to be looked at."""
    named = f"{disposition}; filename*=UTF-8''{quote(attachment.name, safe='')}"
    # The type stands among the headers: given as a media type, a text would be claimed to be UTF-8.
    kind = {"Content-Disposition": named, "Content-Type": attachment.media_type}
    return Response(attachment.content, headers=HEADERS | kind)
