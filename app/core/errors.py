"""What can go wrong for a caller. Each error is raised where its rule lives; one handler answers it."""

from collections.abc import Mapping
from typing import Self

from app.core.i18n import gettext as _


class UnstuckError(Exception):
    """An error with a status, a stable code for programs and a message for people."""

    status = 500
    code = "error"

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})
        self.headers: dict[str, str] = {}


class BadRequest(UnstuckError):
    status = 400
    code = "bad_request"


class Unauthenticated(UnstuckError):
    status = 401
    code = "unauthenticated"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.headers = {"WWW-Authenticate": "Bearer"}


class Forbidden(UnstuckError):
    status = 403
    code = "forbidden"


class NotFound(UnstuckError):
    status = 404
    code = "not_found"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or _("There is nothing here, or nothing you may see."))


class Conflict(UnstuckError):
    """A rule or a state refuses."""

    status = 409
    code = "conflict"


class Stale(UnstuckError):
    """Somebody else saved meanwhile."""

    status = 412
    code = "stale"


class TooLarge(UnstuckError):
    status = 413
    code = "too_large"


class WrongContent(UnstuckError):
    """The body is of a kind that is not taken here."""

    status = 415
    code = "wrong_content"


class Invalid(UnstuckError):
    """A field fails validation; `fields` says which and why."""

    status = 422
    code = "invalid"

    @classmethod
    def at(cls, field: str, message: str) -> Self:
        """What is wrong with one field."""
        return cls(message, fields={field: message})


class PreconditionRequired(UnstuckError):
    status = 428
    code = "precondition_required"


class TooManyRequests(UnstuckError):
    status = 429
    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(retry_after)}
