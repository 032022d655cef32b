"""The demo organisation, as the command line loads and announces it."""

from collections.abc import Iterator

from app.accounts.queries import has_demo_organisation, has_organisations
from app.core.db import SessionFactory
from app.demo.content import PASSWORD, PEOPLE, SIGN_INS
from app.demo.loader import seed_demo


async def seed_empty(factory: SessionFactory) -> int:
    """Load the demo into a database without organisations; the number of its cases."""
    async with factory() as session:
        if await has_organisations(session):
            return 0
    return await seed_demo(factory)


async def describe_sign_ins(factory: SessionFactory) -> list[str]:
    """Lines that say who can sign in to the demo; none when the demo is not there."""
    async with factory() as session:
        if not await has_demo_organisation(session):
            return []
    return list(_list_sign_ins())


def _list_sign_ins() -> Iterator[str]:
    yield f"Sign in to the demo with the password {PASSWORD} as"
    emails = {person.key: person.email for person in PEOPLE}
    for role, person in SIGN_INS.items():
        yield f"  {role:<18}{emails[person]}"
