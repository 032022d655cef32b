import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.jobs import mail_link, mail_reset
from app.accounts.links.service import create_link
from app.accounts.models import LinkPurpose, OneTimeLink, Role, User
from app.accounts.service import add_user, create_organisation, create_user, find_or_create_identity
from app.core.config import Settings
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment
from app.core.tenancy import enter_organisation
from tests.mailbox import Mailbox
from tests.world import ALICE, DORA, PASSWORD

NEW = "a password of my own"
GUEST = "guest@fjord.example"


async def invite(admin: httpx.AsyncClient, email: str = GUEST, **fields: str) -> httpx.Response:
    data = {"email": email, "name": "Guri Guest", "role": "seller", **fields}
    return await admin.post("/admin/people/new", data=data)


def shown_link(page: httpx.Response) -> str:
    found = re.search(r"http://unstuck\.test(/links/[^\"]+)", page.text)
    assert found is not None, page.text
    return found[1]


async def make_link(session: AsyncSession, purpose: LinkPurpose = LinkPurpose.PASSWORD_RESET) -> str:
    user = (await session.scalars(select(User).where(User.id == ALICE.id))).one()
    return "/links/" + await create_link(session, user, purpose, datetime.now(UTC))


async def test_an_invited_person_chooses_a_password_and_is_in(
    adam: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    page = await invite(adam, teams=str(ALICE.team_id))
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    link = shown_link(page)
    early = await visitor.post("/sign-in", data={"email": GUEST, "password": NEW})
    assert early.status_code == 422
    assert "Welcome to Fjord" in (await visitor.get(link)).text
    assert (await visitor.post(link, data={"password": "short"})).status_code == 422
    assert (await visitor.post(link, data={"password": NEW})).headers["location"] == "/"
    assert "Guri Guest" in (await visitor.get("/account")).text


async def test_a_link_works_once(visitor: httpx.AsyncClient, session: AsyncSession) -> None:
    link = await make_link(session)
    assert (await visitor.post(link, data={"password": NEW})).status_code == 303
    assert (await visitor.get(link)).status_code == 404
    again = await visitor.post(link, data={"password": "another one of mine"})
    assert (again.status_code, "used before" in again.text) == (404, True)
    assert (await visitor.post("/sign-in", data={"email": ALICE.email, "password": NEW})).status_code == 303


async def test_a_reset_ends_every_session_and_the_old_password(
    visitor: httpx.AsyncClient, alice: httpx.AsyncClient, session: AsyncSession
) -> None:
    await visitor.post(await make_link(session), data={"password": NEW})
    assert (await alice.get("/account")).status_code == 303
    old = await visitor.post("/sign-in", data={"email": ALICE.email, "password": PASSWORD})
    assert old.status_code == 422


async def test_a_link_expires_and_a_newer_one_replaces_it(visitor: httpx.AsyncClient, session: AsyncSession) -> None:
    first = await make_link(session)
    second = await make_link(session)
    assert (await visitor.get(first)).status_code == 404
    assert (await visitor.get(second)).status_code == 200
    await session.execute(update(OneTimeLink).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert (await visitor.post(second, data={"password": NEW})).status_code == 404


async def test_a_link_of_somebody_shut_out_is_dead(visitor: httpx.AsyncClient, session: AsyncSession) -> None:
    link = await make_link(session)
    await session.execute(update(User).where(User.id == ALICE.id).values(deactivated_at=datetime.now(UTC)))
    assert (await visitor.post(link, data={"password": NEW})).status_code == 404


async def test_a_link_is_no_link_of_another_organisation(visitor: httpx.AsyncClient, session: AsyncSession) -> None:
    secret = (await make_link(session)).partition(".")[2]
    for token in (f"{DORA.organisation_id.hex}.{secret}", f"{'0' * 32}.{secret}", secret, "x", "%00", "é.b"):
        assert (await visitor.get(f"/links/{token}")).status_code == 404
        assert (await visitor.post(f"/links/{token}", data={"password": NEW})).status_code == 404


async def test_an_invitation_never_replaces_a_password(
    adam: httpx.AsyncClient, visitor: httpx.AsyncClient, dora: httpx.AsyncClient
) -> None:
    """Otherwise an admin who invites somebody of another organisation could walk in there."""
    link = shown_link(await invite(adam, DORA.email))
    assert "have a password here already" in (await visitor.get(link)).text
    assert (await visitor.post(link, data={"password": NEW})).status_code == 422
    assert (await visitor.post("/sign-in", data={"email": DORA.email, "password": NEW})).status_code == 422
    assert (await dora.get("/account")).status_code == 200
    assert (await visitor.post(link, data={"password": PASSWORD})).status_code == 303
    assert "Fjord" in (await visitor.get("/account")).text


async def test_before_joining_nobody_gets_in_by_a_password_of_elsewhere(
    adam: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    await invite(adam, DORA.email)
    answer = await visitor.post("/sign-in", data={"email": DORA.email, "password": PASSWORD, "next": "/account"})
    assert answer.status_code == 303, "no choice: there is only one way in yet"
    assert "Other" in (await visitor.get("/account")).text


async def test_an_invitation_from_elsewhere_cannot_set_the_first_password_of_a_member(
    adam: httpx.AsyncClient, visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    link = shown_link(await invite(adam))
    third = await create_organisation(session, "Third", "third")
    await create_user(session, third, "Guri", GUEST, Role.ADMIN)
    assert (await visitor.post(link, data={"password": NEW})).status_code == 422


async def test_an_admin_is_shown_no_reset_that_opens_another_organisation(
    adam: httpx.AsyncClient, session: AsyncSession
) -> None:
    alone = await adam.post(f"/admin/people/{ALICE.id}/link")
    shown_link(alone)
    third = await create_organisation(session, "Third", "third")
    await create_user(session, third, "Alice", ALICE.email, Role.SELLER)
    await enter_organisation(session, ALICE.organisation_id)
    assert (await session.scalars(select(OneTimeLink))).all() == [], "joining ended the link shown before"
    refused = await adam.post(f"/admin/people/{ALICE.id}/link")
    assert refused.headers["location"] == f"/admin/people/{ALICE.id}"
    assert (await session.scalars(select(OneTimeLink))).all() == []


@pytest.fixture
def mailing(app: FastAPI, settings: Settings) -> Settings:
    """The site with mail set up."""
    with_mail = settings.model_copy(update={"smtp_url": type(settings.smtp_url)("smtp://127.0.0.1:1")})
    app.state.settings = with_mail
    return with_mail


async def jobs_of(session: AsyncSession) -> list[tuple[str, dict[str, str]]]:
    rows = await session.execute(text("SELECT task_name, args FROM procrastinate_jobs ORDER BY id"))
    return [(row.task_name, row.args) for row in rows]


@pytest.mark.usefixtures("mailing")
async def test_with_mail_a_link_is_mailed_and_never_stored_in_the_job(
    adam: httpx.AsyncClient, session: AsyncSession
) -> None:
    answer = await invite(adam)
    assert answer.headers["location"] == "/admin"
    [(event, arguments)] = await jobs_of(session)
    assert event == "account.link_created"
    assert set(arguments) == {"organisation_id", "user_id", "purpose", "language"}
    assert (await session.scalars(select(OneTimeLink))).all() == []


@pytest.mark.usefixtures("mailing")
async def test_a_forgotten_password_answers_the_same_for_everybody_and_not_too_often(
    visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    answers = [
        await visitor.post("/forgot-password", data={"email": email}) for email in (ALICE.email, "nobody@fjord.example")
    ]
    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [(303, "/sign-in")] * 2
    assert {event for event, _arguments in await jobs_of(session)} == {"account.reset_requested"}
    assert len(await jobs_of(session)) == 2
    for _attempt in range(4):
        await visitor.post("/forgot-password", data={"email": ALICE.email})
    assert (await visitor.post("/forgot-password", data={"email": ALICE.email})).status_code == 429


async def test_without_mail_the_admin_is_named(visitor: httpx.AsyncClient) -> None:
    assert "Ask your admin" in (await visitor.get("/forgot-password")).text
    assert (await visitor.post("/forgot-password", data={"email": ALICE.email})).status_code == 404


@pytest.mark.usefixtures("session")
async def test_the_job_mails_a_link_that_works(
    session_factory: SessionFactory, settings: Settings, mailbox: Mailbox, visitor: httpx.AsyncClient
) -> None:
    with_mail = settings.model_copy(update={"smtp_url": type(settings.smtp_url)(mailbox.url)})
    environment = JobEnvironment(session_factory, {Settings: with_mail})
    await mail_reset(environment, email=ALICE.email, language="en")
    await mail_reset(environment, email="nobody@fjord.example", language="en")
    [mail] = mailbox.mails
    assert mail["To"] == ALICE.email
    assert mail["Subject"] == "A new password for Unstuck"
    link = re.search(r"http://unstuck\.test(/links/\S+)", mail.get_content())
    assert link is not None
    assert (await visitor.post(link[1], data={"password": NEW})).status_code == 303


async def test_a_mail_is_plain_text_and_takes_no_header_from_a_name(
    session_factory: SessionFactory, session: AsyncSession, settings: Settings, mailbox: Mailbox
) -> None:
    await session.execute(
        text("UPDATE organisations SET name = :name WHERE id = :id"),
        {"name": "Fjord <b>& Fjell</b>\nBcc: all@fjord.example", "id": ALICE.organisation_id},
    )
    identity = await find_or_create_identity(session, GUEST)
    user = await add_user(session, ALICE.organisation_id, identity, "Guri", Role.SELLER)
    environment = JobEnvironment(
        session_factory, {Settings: settings.model_copy(update={"smtp_url": type(settings.smtp_url)(mailbox.url)})}
    )
    await mail_link(
        environment,
        organisation_id=str(ALICE.organisation_id),
        user_id=str(user.id),
        purpose="invitation",
        language="en",
    )
    [mail] = mailbox.mails
    assert mail["Bcc"] is None
    assert "Fjord <b>& Fjell</b>" in mail.get_content()
