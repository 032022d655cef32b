"""Open streams are woken by PostgreSQL: one listening connection a process, however many look."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

CHANNEL = "unstuck_told"
AGAIN_AFTER_SECONDS = 2

log = structlog.get_logger("live")


async def wake(session: AsyncSession, user_id: UUID) -> None:
    """Once this transaction is committed, let the open pages of this person look again."""
    await session.execute(select(func.pg_notify(CHANNEL, str(user_id))))


class Live:
    """Who has a page open in this process."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.ended = False
        self._following: dict[UUID, set[asyncio.Event]] = defaultdict(set)

    async def listen(self) -> None:
        """Hear of news until cancelled. After a lost connection everybody looks again."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._wake_all()
                    async for notice in connection.notifies():
                        self._wake(UUID(notice.payload))
            except psycopg.OperationalError as error:
                log.warning("listening_interrupted", error=str(error))
            await asyncio.sleep(AGAIN_AFTER_SECONDS)

    @contextmanager
    def follow(self, user_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever there may be something new for this person, and at the end."""
        news = asyncio.Event()
        self._following[user_id].add(news)
        try:
            yield news
        finally:
            self._following[user_id].discard(news)
            if not self._following[user_id]:
                del self._following[user_id]

    def end(self) -> None:
        """Let every stream come to its end, as a server that stops must."""
        self.ended = True
        self._wake_all()

    def _wake(self, user_id: UUID) -> None:
        for news in self._following.get(user_id, ()):
            news.set()

    def _wake_all(self) -> None:
        for user_id in self._following:
            self._wake(user_id)
