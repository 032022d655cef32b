"""Who holds a site's database: one process at a time, and gone with it however it ends."""

import fcntl
import os
from enum import StrEnum
from pathlib import Path


class Use(StrEnum):
    """What the holder of the lock is doing."""

    STARTING = "starting"
    SERVING = "serving"
    COMMAND = "running a command"
    STOPPING = "stopping"


class SiteLock:
    """An advisory lock on a file that also says who holds it and what for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free. The system frees it when this process ends."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        self.announce(Use.STARTING)
        return True

    def announce(self, use: Use) -> None:
        """Tell others what the lock is held for."""
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()} {use}\n".encode(), 0)

    def read_holder(self) -> tuple[int, Use]:
        """Process id and purpose of the holder; meaningful only while somebody else holds the lock."""
        pid, _, use = self._path.read_text().strip().partition(" ")
        return (int(pid), Use(use)) if pid.isdigit() and use else (0, Use.STARTING)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
