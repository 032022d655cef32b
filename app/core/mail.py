"""Plain-text mail: written by a template in the reader's language, sent by the operator's SMTP server."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
from jinja2_fragments import render_block

from app.core.config import Settings
from app.core.templating import environment

TIMEOUT_SECONDS = 30
_UNFOLDED = SMTP.clone(max_line_length=998)
"""The longest line there may be (RFC 5322): a shorter one would encode a long address, and it would lead nowhere."""
_plain = environment.overlay(autoescape=False)


@dataclass(frozen=True)
class Mail:
    """A mail to one person."""

    to: str
    subject: str
    text: str
    unsubscribe_url: str = ""
    """Where one POST, without a page, ends mail of this kind (RFC 8058)."""


def write_mail(to: str, template: str, context: Mapping[str, Any], *, unsubscribe_url: str = "") -> Mail:
    """A mail in the language of the job. The template has the blocks `subject` (one line) and `text`."""
    subject = render_block(_plain, template, "subject", dict(context))
    text = render_block(_plain, template, "text", dict(context))
    return Mail(to, " ".join(subject.split()), text.strip() + "\n", unsubscribe_url)


async def send_mail(settings: Settings, mail: Mail) -> None:
    """Hand the mail to the SMTP server of `smtp_url`; raises aiosmtplib.SMTPException when it is not taken.

    `smtp://` uses STARTTLS where the server offers it, `smtps://` speaks TLS from the start.
    """
    server = urlsplit(settings.smtp_url.get_secret_value())
    message = _compose(settings, mail)
    await aiosmtplib.send(
        message.as_bytes(policy=_UNFOLDED),
        sender=parseaddr(settings.mail_from)[1],
        recipients=[mail.to],
        hostname=server.hostname,
        port=server.port,
        username=unquote(server.username) if server.username else None,
        password=unquote(server.password) if server.password else None,
        use_tls=server.scheme == "smtps",
        timeout=TIMEOUT_SECONDS,
    )


def _compose(settings: Settings, mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(settings.mail_from)[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text, cte="quoted-printable")
    return message
