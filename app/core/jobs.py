"""Jobs on PostgreSQL: an event is published in the transaction that causes it, and worked off by the worker.

Publishing names the event only. Who follows it stands in one table in `app/worker.py`, so that a lower feature
never needs to know a higher one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from procrastinate import App, PsycopgConnector
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import SessionFactory

Service = TypeVar("Service")

PROMPT = "prompt"
"""Queue of what a person waits for: one edit, one mail."""
BULK = "bulk"
"""Queue of what nobody waits for: imports, rebuilding an index."""

QUEUE = "queue"

job_app = App(connector=PsycopgConnector())


@dataclass
class JobEnvironment:
    """What a job works with: transactions, and the process's services by their type."""

    session_factory: SessionFactory
    services: dict[type, Any] = field(default_factory=dict)

    def get(self, kind: type[Service]) -> Service:
        service: Service = self.services[kind]
        return service


Follower = Callable[..., Awaitable[None]]
"""What runs when an event happened, with the environment and the event's arguments by name.

It may run twice, and must not mind.
"""

RunWorker = Callable[[JobEnvironment], Awaitable[None]]


def use_queue(session: AsyncSession, queue: str) -> None:
    """Let what this session publishes go into that queue unless told: nobody waits for what an import causes."""
    session.info[QUEUE] = queue


def is_bulk(session: AsyncSession) -> bool:
    """Whether what this session does is one of many things that one wish causes, such as a row of an import."""
    return session.info.get(QUEUE) == BULK


async def publish(
    session: AsyncSession,
    event: str,
    *,
    queue: str | None = None,
    lock: str | None = None,
    after: timedelta = timedelta(),
    **arguments: str,
) -> None:
    """Enqueue an event inside the session's transaction: a rollback drops it.

    Events of one `lock` are worked off one at a time, in their order. An event rests for `after` first.
    """
    connection = await session.connection()
    raw = (await connection.get_raw_connection()).driver_connection
    rest = {"seconds": int(after.total_seconds())} if after else None
    queue = queue or session.info.get(QUEUE, PROMPT)
    deferrer = job_app.configure_task(name=event, queue=queue, lock=lock, schedule_in=rest, connection=raw)
    await deferrer.defer_async(**arguments)
