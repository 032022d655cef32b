"""What the demo's cases refer to by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.cases.models import CodeKind


@dataclass(frozen=True)
class Scene:
    """What a case refers to by key."""

    organisation_id: UUID
    users: Mapping[str, UUID]
    teams: Mapping[str, UUID]
    codes: Mapping[tuple[CodeKind, str], UUID]
    now: datetime

    def days_ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)
