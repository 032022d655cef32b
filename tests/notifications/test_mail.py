"""What people hear by mail: at once, on Monday morning, or not at all, and one step that ends it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, User
from app.cases.models import Case, Visibility
from app.core.config import Settings
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment
from app.notifications.mailing import jobs
from app.notifications.mailing.jobs import mail_weekly, start_weekly
from app.notifications.models import Kind, MailChoice, Notification
from tests.conftest import BASE_URL, SECRET_KEY, WorkOff
from tests.factories import create_case, create_practice, create_question, create_resolved_case
from tests.mailbox import Mailbox
from tests.world import ALICE, BOB, MONA, Person

MONDAY = datetime(2026, 11, 30, 7, 23, tzinfo=UTC)


@pytest.fixture
def environment(session_factory: SessionFactory, mailbox: Mailbox) -> JobEnvironment:
    settings = Settings(smtp_url=mailbox.url, secret_key=SECRET_KEY, base_url=BASE_URL)
    return JobEnvironment(session_factory, {Settings: settings})


async def ask(browser: httpx.AsyncClient, case: Case, text: str = "Who decides?") -> None:
    data = {"text": text, "addressed_to_id": ""}
    assert (await browser.post(f"/cases/{case.id}/questions", data=data)).status_code == 303


def find_path(mailed: str, start: str) -> str:
    [address] = set(re.findall(rf"{BASE_URL}({start}\S*)", mailed))
    return str(address)


async def test_a_question_is_mailed_once_in_the_language_of_the_reader(
    session: AsyncSession, work_off: WorkOff, mailbox: Mailbox, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await session.execute(update(User).where(User.id == ALICE.id).values(language="nb"))
    case = await create_case(session, title="Stille etter demoen")
    await ask(bob, case)
    await work_off()
    [mail] = mailbox.mails
    assert mail["To"] == ALICE.email
    assert mail["Subject"] == "Bob Fjord har et spørsmål: Stille etter demoen"
    assert mail.get_content_type() == "text/plain"
    page = await alice.get(find_path(mail.get_content(), "/notifications/"))
    assert page.headers["location"] == f"/cases/{case.id}#questions"
    await work_off()
    assert len(mailbox.mails) == 1


async def test_what_happens_within_two_minutes_stands_in_one_mail(
    session: AsyncSession, work_off: WorkOff, mailbox: Mailbox, bob: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await ask(bob, case)
    await ask(mona, case)
    await work_off()
    [mail] = mailbox.mails
    assert mail["Subject"] == "2 new in Unstuck"
    assert "Bob Fjord asks a question." in mail.get_content()
    assert "Mona Fjord asks a question." in mail.get_content()


async def test_who_reads_it_in_the_app_first_gets_no_mail(
    session: AsyncSession, environment: JobEnvironment, mailbox: Mailbox, bob: httpx.AsyncClient
) -> None:
    await create_told(session, BOB, ALICE, read=True)
    await jobs.mail_news(environment, organisation_id=str(ALICE.organisation_id), user_id=str(ALICE.id))
    assert mailbox.mails == []


async def create_told(
    session: AsyncSession, by: Person, to: Person, *, kind: Kind = Kind.QUESTION, read: bool = False, **case: Any
) -> Case:
    """A case of Alice's about which somebody is told something."""
    about = await create_case(session, **case)
    question = await create_question(session, about)
    now = datetime.now(UTC)
    session.add(
        Notification(
            organisation_id=to.organisation_id,
            user_id=to.id,
            kind=kind,
            case_id=about.id,
            subject_id=question.id,
            actor_id=by.id,
            at=now,
            read_at=now if read else None,
        )
    )
    await session.flush()
    return about


async def test_what_the_person_may_not_see_any_more_is_not_mailed(
    session: AsyncSession, environment: JobEnvironment, mailbox: Mailbox
) -> None:
    case = await create_told(session, ALICE, BOB, visibility=Visibility.TEAM)
    await session.execute(text("DELETE FROM team_members WHERE user_id = :id"), {"id": BOB.id})
    await jobs.mail_news(environment, organisation_id=str(BOB.organisation_id), user_id=str(BOB.id))
    assert mailbox.mails == []
    assert case.visibility is Visibility.TEAM


async def test_whoever_has_not_joined_or_has_left_gets_no_mail(
    session: AsyncSession, environment: JobEnvironment, mailbox: Mailbox
) -> None:
    await create_told(session, BOB, ALICE)
    user = await session.get_one(User, (ALICE.organisation_id, ALICE.id))
    ids = {"organisation_id": str(ALICE.organisation_id), "user_id": str(ALICE.id)}
    user.deactivated_at = datetime.now(UTC)
    await session.flush()
    await jobs.mail_news(environment, **ids)
    user.deactivated_at = None
    await session.execute(update(Identity).where(Identity.id == user.identity_id).values(organisation_ids=[]))
    await session.flush()
    await jobs.mail_news(environment, **ids)
    assert mailbox.mails == []


async def test_a_kind_that_was_switched_off_or_is_for_monday_is_not_mailed_at_once(
    session: AsyncSession, work_off: WorkOff, mailbox: Mailbox, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    for rate in ("off", "weekly"):
        answer = await alice.post("/account/mail", data={"question": rate, "weekly": "true"})
        assert answer.status_code == 303
        await ask(bob, await create_case(session))
        await work_off()
    assert mailbox.mails == []
    page = (await alice.get("/account/mail")).text
    assert re.search(r'name="question".*?value="weekly" selected', page, re.DOTALL)


async def test_a_rate_that_is_none_is_refused_and_changes_nothing(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    answer = await alice.post("/account/mail", data={"question": "hourly"})
    assert answer.status_code == 422
    assert await session.scalar(select(MailChoice)) is None


async def test_a_mail_program_ends_a_kind_in_one_step(
    session: AsyncSession,
    work_off: WorkOff,
    mailbox: Mailbox,
    visitor: httpx.AsyncClient,
    bob: httpx.AsyncClient,
) -> None:
    """As RFC 8058 has it: a POST from anywhere, without cookies, to the address in the header."""
    case = await create_case(session)
    await ask(bob, case)
    await work_off()
    [mail] = mailbox.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    [address] = re.findall(rb"^List-Unsubscribe: <(\S+)>\r$", mailbox.raw[0], re.MULTILINE)
    path = urlsplit(address.decode()).path
    page = await visitor.get(path)
    assert "A question is asked" in page.text
    assert await session.scalar(select(MailChoice)) is None, "opening ends nothing"
    ended = await visitor.post(path, data={"List-Unsubscribe": "One-Click"})
    assert ended.status_code == 200
    assert "You get no more mail like this" in ended.text
    await ask(bob, case, "And who signs?")
    await work_off()
    assert len(mailbox.mails) == 1
    assert await session.scalar(select(MailChoice.rates)) == {"question": "off"}


@pytest.mark.parametrize("change", ["cut", "another", "none"])
async def test_an_address_that_is_not_ours_ends_nothing(
    change: str,
    session: AsyncSession,
    work_off: WorkOff,
    mailbox: Mailbox,
    visitor: httpx.AsyncClient,
    bob: httpx.AsyncClient,
) -> None:
    await ask(bob, await create_case(session))
    await work_off()
    path = find_path(mailbox.mails[0].get_content(), "/unsubscribe/")
    forged = {
        "cut": path[:-1],
        "another": path.replace(ALICE.id.hex, MONA.id.hex),
        "none": "/unsubscribe/å",
    }[change]
    assert (await visitor.post(forged)).status_code == 404
    assert await session.scalar(select(MailChoice)) is None


async def run_weekly(environment: JobEnvironment, session: AsyncSession, now: datetime) -> None:
    """What the clock does at that time, and the jobs it starts, twice each."""
    await jobs._start_weekly(session, now)
    started = await session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'week.over' RETURNING args"))
    for [arguments] in started.all():
        await mail_weekly(environment, **arguments)
        await mail_weekly(environment, **arguments)


async def test_monday_morning_tells_what_waits_what_was_shared_and_the_rest(
    session: AsyncSession, environment: JobEnvironment, mailbox: Mailbox
) -> None:
    solved = await create_resolved_case(session, title="The board wanted a partner", owner=MONA)
    practice = await create_practice(session, solved, title="Bring the partner to the board")
    await session.execute(text("UPDATE practices SET surfaced_at = :at"), {"at": MONDAY - timedelta(days=2)})
    await create_told(session, BOB, ALICE, kind=Kind.COMMENT, title="Told of late")
    await run_weekly(environment, session, MONDAY)
    mails = {mail["To"]: mail for mail in mailbox.mails}
    assert len(mails) == len(mailbox.mails), "one each"
    mail = mails[ALICE.email]
    assert mail["Subject"] == "Your week in Unstuck at Fjord"
    said = mail.get_content()
    assert "WAITING FOR YOU" in said
    assert f"{BASE_URL}/practices/{practice.id}" in said
    assert "Bring the partner to the board" in said
    await run_weekly(environment, session, MONDAY + timedelta(hours=3))
    assert len(mailbox.mails) == len(mails), "once a week"


@pytest.mark.parametrize(
    ("moment", "zone", "sent"),
    [
        (datetime(2026, 11, 30, 5, 23, tzinfo=UTC), "Europe/Oslo", False),
        (datetime(2026, 11, 30, 6, 23, tzinfo=UTC), "Europe/Oslo", True),
        (datetime(2026, 11, 30, 6, 23, tzinfo=UTC), "America/New_York", False),
        (datetime(2026, 11, 29, 12, 23, tzinfo=UTC), "Europe/Oslo", False),
    ],
)
async def test_it_comes_at_seven_where_the_person_is(
    moment: datetime,
    zone: str,
    sent: bool,  # noqa: FBT001 - a row of the table.
    session: AsyncSession,
    environment: JobEnvironment,
    mailbox: Mailbox,
) -> None:
    await session.execute(update(User).where(User.id == ALICE.id).values(timezone=zone))
    await create_told(session, BOB, ALICE)
    await run_weekly(environment, session, moment)
    assert (ALICE.email in {mail["To"] for mail in mailbox.mails}) is sent


async def test_a_week_without_anything_sends_nothing(
    session: AsyncSession, environment: JobEnvironment, mailbox: Mailbox
) -> None:
    await run_weekly(environment, session, MONDAY)
    assert mailbox.mails == []


async def test_the_weekly_mail_ends_in_one_step(
    session: AsyncSession, environment: JobEnvironment, mailbox: Mailbox, visitor: httpx.AsyncClient
) -> None:
    await create_told(session, BOB, ALICE)
    await run_weekly(environment, session, MONDAY)
    [mail] = [mail for mail in mailbox.mails if mail["To"] == ALICE.email]
    await visitor.post(find_path(mail.get_content(), "/unsubscribe/"))
    before = len(mailbox.mails)
    await create_told(session, BOB, ALICE)
    await run_weekly(environment, session, MONDAY + timedelta(days=7))
    assert ALICE.email not in {mail["To"] for mail in mailbox.mails[before:]}


async def test_without_a_mail_server_nothing_is_tried(
    session: AsyncSession, session_factory: SessionFactory, mailbox: Mailbox
) -> None:
    environment = JobEnvironment(session_factory, {Settings: Settings(secret_key=SECRET_KEY, base_url=BASE_URL)})
    await create_told(session, BOB, ALICE)
    await jobs.mail_news(environment, organisation_id=str(ALICE.organisation_id), user_id=str(ALICE.id))
    await start_weekly(environment)
    assert mailbox.mails == []
