"""The time of a request, passed to services so that rules about time can be tested."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends


def read_clock() -> datetime:
    return datetime.now(UTC)


Now = Annotated[datetime, Depends(read_clock)]
