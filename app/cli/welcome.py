"""What an empty site begins with, and what the console says of a site that is ready."""

from app.accounts.queries import has_demo_organisation, has_organisations
from app.accounts.set_up.service import set_up_url
from app.core.config import Settings
from app.core.db import SessionFactory
from app.demo.content import PASSWORD, PEOPLE, SIGN_INS
from app.demo.loader import seed_demo


async def seed_empty(factory: SessionFactory) -> int:
    """Load the demo into a database without organisations; the number of its cases."""
    async with factory() as session:
        if await has_organisations(session):
            return 0
    return await seed_demo(factory)


async def describe_site(factory: SessionFactory, settings: Settings) -> str:
    """Where the site is, and who can sign in: the demo's people, or the first admin of an empty site."""
    lines = ["", f"Unstuck is ready at {settings.base_url} (Ctrl-C stops it)"]
    async with factory() as session:
        empty = not await has_organisations(session)
        demo = await has_demo_organisation(session)
    if empty:
        lines += ["Set up your organisation and its first admin at", f"  {set_up_url(settings)}"]
    if demo:
        emails = {person.key: person.email for person in PEOPLE}
        lines.append(f"Sign in to the demo with the password {PASSWORD} as")
        lines += [f"  {role:<18}{emails[key]}" for role, key in SIGN_INS.items()]
    return "\n".join(lines)
