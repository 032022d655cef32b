"""What the worker does for the accounts."""

from app.core.jobs import JobEnvironment


async def mail_link(environment: JobEnvironment, /, *, organisation_id: str, user_id: str, **_rest: str) -> None:
    """Mail a one-time link."""
