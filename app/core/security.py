"""Passwords, tokens and the guards every response and every write passes."""

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from pwdlib import PasswordHash
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Forbidden, WrongContent
from app.core.i18n import gettext as _

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

_passwords = PasswordHash.recommended()
_ABSENT_HASH = _passwords.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """An argon2id hash. Slow on purpose: call it in a thread."""
    return _passwords.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password fits. Takes equally long when there is no such person."""
    matches = _passwords.verify(password, password_hash or _ABSENT_HASH)
    return matches and password_hash is not None


def create_token() -> str:
    """256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored instead of a token. A token is random, so a plain digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def derive_token(secret_key: str, purpose: str) -> str:
    """A token that every process of a site derives alike from the site's secret."""
    return hmac.new(secret_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()[:40]


def _read_host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def refuse_cross_site(method: str, headers: Headers) -> None:
    """Refuse a write that another site's page sent with the visitor's cookie.

    Browsers state where a request comes from (`Sec-Fetch-Site`, and `Origin` on every write). A program that
    sends neither carries no visitor's cookie without meaning to. The session cookie is `SameSite=Lax` besides.
    """
    if method in SAFE_METHODS:
        return
    site = headers.get("sec-fetch-site")
    if site in {"same-origin", "none"}:
        return
    origin = headers.get("origin")
    if site is None and (origin is None or _read_host(origin) == headers.get("host", "")):
        return
    raise Forbidden(_("This came from another site. Open the page again here and send it once more."))


async def refuse_other_content(request: Request) -> None:
    """Refuse a body that does not say that it is JSON, before anybody looks at its fields."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json") and await request.body():
        raise WrongContent(_("Send JSON, with the header Content-Type: application/json."))


async def refuse_other_than_files(request: Request) -> None:
    """Refuse a body that is not a form with files."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data" and await request.body():
        raise WrongContent(_("Send a form with a file, with the header Content-Type: multipart/form-data."))


class SecurityHeaders:
    """Puts the security headers on every response; a handler may set a stricter or wider one itself."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if secure:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
