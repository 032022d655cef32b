"""A POST repeated with the same `Idempotency-Key` gets the first answer again and happens once."""

import hashlib
import json
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantTable
from app.core.errors import Conflict, Invalid
from app.core.i18n import gettext as _

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 200
ANSWERS_KEPT = timedelta(days=2)
REPEATED_HEADERS = ("location", "etag", "content-type")


class IdempotencyKey(TenantTable, Base):
    __tablename__ = "idempotency_keys"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        UniqueConstraint("organisation_id", "principal_id", "key"),
        Index(None, "organisation_id", "created_at"),
    )

    principal_id: Mapped[UUID]
    """The user or the API key that sent it: two clients' keys never meet."""
    key: Mapped[str] = mapped_column(String(200))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[str] = mapped_column(String(2000), default="{}")
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class KeyReused(Conflict):
    code = "idempotency_key_reused"


class Replayed(Exception):
    """The request was answered before; `response` is that answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def claim_key(request: Request, session: AsyncSession, *, organisation_id: UUID, principal_id: UUID) -> None:
    """Take the request's key, or raise Replayed. Two requests with one key wait for each other."""
    key = request.headers.get(HEADER)
    if request.method != "POST" or key is None:
        return
    if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise Invalid(_("An Idempotency-Key has 1 to {n} printable characters.").format(n=MAX_KEY_LENGTH))
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + await request.body()).hexdigest()
    lock = int.from_bytes(hashlib.sha256(f"{principal_id} {key}".encode()).digest()[:8], signed=True)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))
    known = await session.scalar(
        select(IdempotencyKey).where(IdempotencyKey.principal_id == principal_id, IdempotencyKey.key == key)
    )
    if known is None:
        request.state.idempotency = IdempotencyKey(
            organisation_id=organisation_id, principal_id=principal_id, key=key, request_hash=digest
        )
        return
    if known.request_hash != digest:
        raise KeyReused(_("This Idempotency-Key was used for another request. Take a new key for a new request."))
    headers = json.loads(known.headers) | {"Idempotent-Replayed": "true"}
    raise Replayed(Response(known.body, known.status, headers))


async def forget_answers(session: AsyncSession, before: datetime) -> None:
    """Delete what was kept before that time in the entered organisation."""
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < before))


class IdempotentRoute(APIRoute):
    """Keeps the answer to a request that claimed a key, in the transaction of its effect."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            if HEADER in request.headers:
                # Kept for the digest: a form with files is read once, and then gone.
                await request.body()
            try:
                response = await handle(request)
            except Replayed as replay:
                return replay.response
            record: IdempotencyKey | None = getattr(request.state, "idempotency", None)
            if record is not None:
                record.status = response.status_code
                record.body = bytes(response.body)
                kept = {name: response.headers[name] for name in REPEATED_HEADERS if name in response.headers}
                record.headers = json.dumps(kept)
                session: AsyncSession = request.state.session
                session.add(record)
                await session.flush()
            return response

        return handle_once
