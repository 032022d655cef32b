"""How much memory the machine, or the container on it, has; and what of it the database server takes."""

import os
from pathlib import Path

MB = 2**20
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def read_memory() -> int:
    """In bytes: what there is, or what the container may use of it."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in CONTAINER_LIMITS:
        try:
            found.append(int(path.read_text()))
        except (OSError, ValueError):  # There is no such limit, or it says "max".
            continue
    return min(found)


def choose_memory_settings(memory: int) -> str:
    """Lines of postgresql.conf for a machine of so many bytes that runs the site and its model beside the server.

    The index of vectors and the vectors themselves should lie in shared buffers (about 2 KB a passage); an index is
    built several times faster in memory than beside it.
    """
    return "\n".join(
        f"{name} = {_bound(memory // share, least, most) // MB}MB"
        for name, share, least, most in (
            ("shared_buffers", 6, 128 * MB, 8192 * MB),
            ("effective_cache_size", 2, 512 * MB, 65536 * MB),
            ("maintenance_work_mem", 16, 128 * MB, 2048 * MB),
        )
    )


def _bound(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))
