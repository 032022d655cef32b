"""What the forms of a one-time link take."""

from pydantic import BaseModel

from app.accounts.schemas import NewPassword, TypedEmail, TypedPassword


class NewPasswordForm(BaseModel):
    password: NewPassword


class KnownPasswordForm(BaseModel):
    password: TypedPassword


class ForgotForm(BaseModel):
    email: TypedEmail
