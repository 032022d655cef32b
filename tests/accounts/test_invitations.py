import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.invitations.schemas import InvitationsForm, read_guests
from app.accounts.jobs import mail_link
from app.accounts.models import AuditEvent, OneTimeLink, Role, TeamMember, User
from app.core.config import Settings
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment
from tests.conftest import BASE_URL, SECRET_KEY
from tests.mailbox import Mailbox
from tests.world import ALICE, BOB, DORA, PASSWORD

PLACE = "/admin/invitations"
PASTED = """Kari Myhre <kari.myhre@fjord.example>; "Holm, Ola" <OLA@fjord.example>,
berit.anne-li@fjord.example, kari.myhre@fjord.example
"""


async def invite(admin: httpx.AsyncClient, addresses: str = PASTED, **fields: object) -> httpx.Response:
    return await admin.post(PLACE, data={"addresses": addresses, "role": "seller", **fields})


async def find(session: AsyncSession, name: str) -> User:
    return (
        await session.scalars(select(User).where(User.name == name).execution_options(populate_existing=True))
    ).one()


def test_names_and_addresses_are_read_as_mail_programs_write_them() -> None:
    assert [(guest.name, guest.email) for guest in read_guests(PASTED)] == [
        ("Kari Myhre", "kari.myhre@fjord.example"),
        ("Ola Holm", "ola@fjord.example"),
        ("Berit Anne Li", "berit.anne-li@fjord.example"),
    ]
    assert [guest.name for guest in read_guests("a@b.example, Kari <k@b.example>\nc@b.example")] == ["A", "Kari", "C"]


@pytest.mark.parametrize(
    "text", ["kari", "kari@", "@fjord.example", "a@b.example and b@b.example", "<>", "a@b", "x" * 8001, ""]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        InvitationsForm.model_validate({"addresses": text, "role": "seller"})


async def test_several_people_are_invited_with_role_and_team(
    adam: httpx.AsyncClient, session: AsyncSession, visitor: httpx.AsyncClient
) -> None:
    page = await invite(adam, role="manager", teams=[str(ALICE.team_id)], leads=[str(ALICE.team_id)])
    assert page.status_code == 200, "without mail the links are shown"
    assert "3 people are invited." in page.text
    links = re.findall(r"http://unstuck\.test(/links/[^\"]+)", page.text)
    assert len(links) == 3
    ola = await find(session, "Ola Holm")
    assert ola.role is Role.MANAGER
    led = select(TeamMember.leads).where(TeamMember.user_id == ola.id, TeamMember.team_id == ALICE.team_id)
    assert await session.scalar(led) is True
    waiting = (await adam.get(PLACE)).text
    assert waiting.count("ola@fjord.example") == 1
    assert "Sent" in waiting
    berit = links[0]
    assert (await visitor.post(berit, data={"password": "a longer horse battery"})).status_code == 303
    assert "berit.anne-li@fjord.example" not in (await adam.get(PLACE)).text, "who has come in is not waited for"


async def test_nobody_is_invited_when_something_is_wrong(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    for wrong in (
        await invite(adam, "kari@fjord.example, ola"),
        await invite(adam, role="king"),
        await invite(adam, teams=[str(DORA.team_id)]),
        await invite(adam, leads=[str(ALICE.team_id)]),
    ):
        assert wrong.status_code == 422
        assert "kari" in wrong.text, "what was typed is still there"
    assert await session.scalar(select(User.id).where(User.name == "Kari Myhre")) is None


async def test_who_is_here_already_is_told_and_left_alone(adam: httpx.AsyncClient, session: AsyncSession) -> None:
    page = await invite(adam, f"{BOB.email}, new@fjord.example", role="admin")
    assert "1 person is invited." in page.text
    assert f"Here already: {BOB.email}." in page.text
    assert (await find(session, BOB.name)).role is Role.SELLER
    again = await invite(adam, "new@fjord.example")
    assert again.headers["location"] == PLACE


async def test_an_invitation_is_sent_again_and_taken_back(
    adam: httpx.AsyncClient, session: AsyncSession, visitor: httpx.AsyncClient
) -> None:
    page = await invite(adam, "ola@fjord.example")
    [first] = re.findall(r"http://unstuck\.test(/links/[^\"]+)", page.text)
    await session.execute(update(OneTimeLink).values(expires_at=datetime.now(UTC) - timedelta(days=1)))
    assert "Expired" in (await adam.get(PLACE)).text
    ola = await find(session, "Ola")
    again = await adam.post(f"/admin/people/{ola.id}/link")
    [second] = re.findall(r"http://unstuck\.test(/links/[^\"]+)", again.text)
    assert (await visitor.get(first)).status_code == 404
    assert (await visitor.get(second)).status_code == 200
    assert (await adam.post(f"{PLACE}/{ola.id}/revoke")).headers["location"] == PLACE
    assert (await visitor.get(second)).status_code == 404
    assert "ola@fjord.example" not in (await adam.get(PLACE)).text
    anew = await invite(adam, "Ola Holm <ola@fjord.example>", role="leader")
    [third] = re.findall(r"http://unstuck\.test(/links/[^\"]+)", anew.text)
    assert (await visitor.get(third)).status_code == 200
    assert (await find(session, "Ola Holm")).role is Role.LEADER
    kept = list(await session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    expected = ["person.invited", "link.created", "link.created", "invitation.revoked", "person.reactivated"]
    assert kept == [*expected, "person.changed", "link.created"]


async def test_who_has_joined_cannot_be_uninvited(
    adam: httpx.AsyncClient, session: AsyncSession, dora: httpx.AsyncClient
) -> None:
    assert (await adam.post(f"{PLACE}/{BOB.id}/revoke")).status_code == 409
    assert (await dora.post(f"{PLACE}/{BOB.id}/revoke")).status_code == 404
    assert (await find(session, BOB.name)).deactivated_at is None


async def test_somebody_of_another_organisation_joins_with_the_password_of_before(
    adam: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    page = await invite(adam, DORA.email)
    [link] = re.findall(r"http://unstuck\.test(/links/[^\"]+)", page.text)
    assert (await visitor.post(link, data={"password": "a password of the admin"})).status_code == 422
    assert (await visitor.post(link, data={"password": PASSWORD})).status_code == 303


async def test_where_mail_is_set_up_each_one_gets_a_mail(
    adam: httpx.AsyncClient, session: AsyncSession, session_factory: SessionFactory, mailbox: Mailbox
) -> None:
    settings = Settings(smtp_url=mailbox.url, base_url=BASE_URL, secret_key=SECRET_KEY)
    adam._transport.app.state.settings = settings  # type: ignore[attr-defined]  # as the site would be started.
    assert (await invite(adam)).headers["location"] == PLACE
    page = (await adam.get(PLACE)).text
    assert page.count("On its way") == 3
    assert "/links/" not in page
    ola = await find(session, "Ola Holm")
    environment = JobEnvironment(session_factory, {Settings: settings})
    arguments = {"organisation_id": str(ola.organisation_id), "user_id": str(ola.id), "language": "nb"}
    await mail_link(environment, purpose="invitation", **arguments)
    [mail] = mailbox.mails
    assert mail["To"] == "ola@fjord.example"
    assert (await adam.get(PLACE)).text.count("On its way") == 2
