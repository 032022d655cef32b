"""What the set-up of an empty site takes."""

from pydantic import BaseModel

from app.accounts.schemas import Email, NewPassword
from app.core.text import Name


class SetUpForm(BaseModel):
    organisation: Name
    team: Name
    name: Name
    email: Email
    password: NewPassword
