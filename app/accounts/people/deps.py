"""The person an admin's page is about."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.accounts import queries
from app.accounts.deps import AdminUser
from app.accounts.models import User
from app.core.db import Session
from app.core.errors import NotFound


@dataclass(frozen=True)
class Member:
    """A user of the organisation, active or not."""

    user: User
    email: str
    joined: bool


async def get_member(user_id: UUID, session: Session, _admin: AdminUser) -> Member:
    found = await queries.find_person(session, user_id)
    if found is None:
        raise NotFound
    user, email, joined = found
    return Member(user, email, joined)


ManagedMember = Annotated[Member, Depends(get_member)]
