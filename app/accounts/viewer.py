"""Who looks: a person or a program, with the organisation, the teams and the scopes that bound them."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from app.accounts.models import Role
from app.core.errors import Forbidden
from app.core.i18n import N_
from app.core.i18n import gettext as _

SCOPES = {
    "cases:read": N_("Read cases, practices, the feed and similar cases"),
    "cases:write": N_("Post and change cases, plans, questions and practices"),
    "deals:write": N_("Keep deals in step with the CRM"),
    "export:read": N_("Export everything in the organisation"),
    "webhooks:manage": N_("Set up webhooks"),
    "admin": N_("Administer the organisation"),
    "act-as": N_("Act as any user, with that user's rights"),
}


@dataclass(frozen=True)
class OrganisationName:
    id: UUID
    name: str
    slug: str


@dataclass(frozen=True)
class Viewer:
    """A signed-in person, or an API client acting for itself (`user_id` is None then)."""

    organisation: OrganisationName
    user_id: UUID | None = None
    """As whom colleagues see the viewer here: the person or, on a case posted without a name, the stand-in."""
    name: str = ""
    email: str = ""
    role: Role | None = None
    language: str | None = None
    timezone: str = "Europe/Oslo"
    theme: str = "system"
    team_ids: tuple[UUID, ...] = ()
    """In the person's own order: the first is the default of a new case."""
    led_team_ids: tuple[UUID, ...] = ()
    stand_ins: tuple[tuple[UUID, UUID], ...] = ()
    """Cases posted without a name, and practices made of them, each with the user who stands in for the person."""
    behind_id: UUID | None = None
    """The person, where `user_id` is a stand-in's."""
    client_id: UUID | None = None
    scopes: frozenset[str] | None = field(default=None)
    """What an API key may do; None for a person in the browser, who may do all that the role allows."""

    @property
    def organisation_id(self) -> UUID:
        return self.organisation.id

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def administers(self) -> bool:
        """An admin, or a program that acts for itself: what it may do, its scopes say."""
        return self.is_admin or self.user_id is None

    @property
    def person_id(self) -> UUID:
        """The person's id; refuses a program that acts for itself."""
        if self.user_id is None:
            raise Forbidden(_("This needs a person: send the header Unstuck-Act-As with a user of the organisation."))
        return self.user_id

    @property
    def own_id(self) -> UUID:
        """The person's own id, also where a stand-in is seen in the person's place; refuses a program."""
        return self.behind_id or self.person_id

    @property
    def user_ids(self) -> frozenset[UUID]:
        """The person, and all who stand in for the person; empty for a program that acts for itself."""
        if self.user_id is None:
            return frozenset()
        return frozenset({self.own_id, *dict(self.stand_ins).values()})

    def appear_on(self, place_id: UUID) -> Self:
        """The viewer as colleagues see them on this case or practice."""
        return self.appear_as(dict(self.stand_ins).get(place_id))

    def appear_as(self, user_id: UUID | None) -> Self:
        """The viewer under that name, if it is theirs: their own, or a stand-in's."""
        if user_id not in self.user_ids:
            return self
        return replace(self, user_id=user_id, behind_id=self.own_id if user_id != self.own_id else None)

    @property
    def principal_id(self) -> UUID:
        """The person or, for a program acting for itself, the client."""
        principal = self.behind_id or self.user_id or self.client_id
        assert principal is not None
        return principal

    def local_day(self, now: datetime) -> date:
        """Today where the viewer is."""
        return now.astimezone(ZoneInfo(self.timezone)).date()

    def leads(self, team_id: UUID | None) -> bool:
        return team_id is not None and team_id in self.led_team_ids

    def require_scope(self, scope: str) -> None:
        """Refuse an API key that lacks the scope."""
        if self.scopes is not None and scope not in self.scopes:
            raise Forbidden(_("This API key lacks the scope {scope}.").format(scope=scope))
