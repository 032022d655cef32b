"""What the sign-in forms take."""

from uuid import UUID

from pydantic import BaseModel

from app.accounts.schemas import TypedEmail, TypedPassword


class SignInForm(BaseModel):
    email: TypedEmail
    password: TypedPassword
    next: str = "/"


class ChoiceForm(BaseModel):
    organisation_id: UUID
    proof: str
    next: str = "/"
