"""What an admin writes about a team."""

from pydantic import BaseModel

from app.accounts.people.schemas import Ids
from app.core.text import Name


class NewTeamForm(BaseModel):
    name: Name


class TeamForm(BaseModel):
    name: Name
    members: Ids = []
    leads: Ids = []
