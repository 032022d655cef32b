"""What an admin writes about a person."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.accounts.models import Role
from app.accounts.schemas import Email
from app.core.i18n import N_
from app.core.text import Name

ROLE_NAMES = {
    Role.SELLER: N_("Seller"),
    Role.MANAGER: N_("Manager"),
    Role.LEADER: N_("Leader"),
    Role.ADMIN: N_("Admin"),
}
ROLE_MEANINGS = {
    Role.SELLER: N_("Posts cases and helps colleagues."),
    Role.MANAGER: N_("Leads teams, and validates what is shared."),
    Role.LEADER: N_("Sees key figures across teams."),
    Role.ADMIN: N_("Manages people, teams and keys."),
}

Ids = Annotated[list[UUID], Field(max_length=500)]


class PersonForm(BaseModel):
    name: Name
    role: Role
    teams: Ids = []
    leads: Ids = []
    first_team: UUID | None = None


class InviteForm(PersonForm):
    email: Email


class DeactivateForm(BaseModel):
    heir: UUID
