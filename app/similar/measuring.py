"""How far a change of model is, for Prometheus."""

import math
import time
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import SessionFactory
from app.core.tenancy import organisation_session
from app.embeddings.slot import ModelSlot
from app.similar.generations import list_organisations, read_progress

LABELS = ["organisation", "model"]
DONE = Gauge("unstuck_reindexing_done_cases", "Cases that a model which is not in use yet has read.", LABELS)
TOTAL = Gauge("unstuck_reindexing_cases", "Cases that it has to read before it is used.", LABELS)

MEASURED_SECONDS = 30


@dataclass
class BuildMeasure:
    """Sets the gauges, unless they were set within half a minute. Once a model is in use, it has none."""

    session_factory: SessionFactory
    slot: ModelSlot
    measured_at: float = -math.inf

    async def __call__(self) -> None:
        if time.monotonic() - self.measured_at < MEASURED_SECONDS:
            return
        self.measured_at = time.monotonic()
        DONE.clear()
        TOTAL.clear()
        # A database that is away is told of by /readyz.
        with suppress(SQLAlchemyError, OSError):
            await self._measure()

    async def _measure(self) -> None:
        if self.slot.embedder is None:
            return
        for organisation_id in await list_organisations(self.session_factory):
            async with organisation_session(self.session_factory, organisation_id) as session:
                builds = await read_progress(session, building=self.slot.embedder.model_id)
            for build in builds:
                DONE.labels(str(organisation_id), build.model).set(build.done)
                TOTAL.labels(str(organisation_id), build.model).set(build.total)
