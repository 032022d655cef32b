"""What an admin pastes to invite several people at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from app.accounts.models import Role
from app.accounts.people.schemas import Ids
from app.accounts.schemas import Email
from app.core.i18n import gettext as _
from app.core.text import NAME_LIMIT, TEXT_LIMIT, paragraphs

PEOPLE_AT_ONCE = 100

# `Kari Myhre <kari@example.com>`, `"Myhre, Kari" <…>` as mail programs write it, or the address alone.
WRITTEN = re.compile(r"(?P<name>[^<>@;\n]*)<(?P<named>[^<>\s]+@[^<>\s]+)>|(?P<bare>[^\s,;<>\"]+@[^\s,;<>\"]+)")

_email: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True)
class Guest:
    """Somebody to invite."""

    email: str
    name: str


def read_guests(text: str) -> list[Guest]:
    """The people named in a pasted text, each once. Raises a validation error that names what is no address."""
    guests: dict[str, Guest] = {}
    wrong = [part for part in re.split(r"[\s,;\"]+", WRITTEN.sub("", text)) if part]
    for found in WRITTEN.finditer(text):
        written = found["named"] or found["bare"]
        try:
            email = _email.validate_python(written)
        except ValidationError:
            wrong.append(written)
            continue
        guests.setdefault(email, Guest(email, _read_name(found["name"] or "") or _guess_name(email)))
    if wrong:
        raise PydanticCustomError("required", _("No e-mail address: {wrong}").format(wrong=", ".join(wrong[:5])))
    if len(guests) > PEOPLE_AT_ONCE:
        raise PydanticCustomError("required", _("Invite at most {n} at once.").format(n=PEOPLE_AT_ONCE))
    return list(guests.values())


def _read_name(written: str) -> str:
    """`Myhre, Kari` is Kari Myhre."""
    parts = [part.strip() for part in written.replace('"', "").split(",") if part.strip()]
    return " ".join(" ".join(reversed(parts)).split())[:NAME_LIMIT]


def _guess_name(email: str) -> str:
    """`kari.myhre@example.com` is Kari Myhre, until she says otherwise."""
    words = re.split(r"[._\-+]+", email.partition("@")[0])
    return " ".join(word.capitalize() for word in words if word)[:NAME_LIMIT] or email[:NAME_LIMIT]


def _check_guests(text: str) -> str:
    read_guests(text)
    return text


class InvitationsForm(BaseModel):
    addresses: Annotated[str, *paragraphs(TEXT_LIMIT, least=1), AfterValidator(_check_guests)]
    role: Role
    teams: Ids = []
    leads: Ids = []
    first_team: UUID | None = None

    def list_guests(self) -> Iterator[dict[str, Any]]:
        """The fields of each person, in the order of the addresses: whoever locks several locks them in this order."""
        shared = self.model_dump(exclude={"addresses"})
        for guest in sorted(read_guests(self.addresses), key=lambda guest: guest.email):
            yield {"email": guest.email, "name": guest.name, **shared}
