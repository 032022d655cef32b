"""Says on the console that a step is at work."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET_SECONDS = 1
REPEAT_SECONDS = 5


@contextmanager
def step(title: str) -> Iterator[None]:
    """Name the step once it takes longer than a second, and from then on how long it has been at work."""
    done = threading.Event()
    started = time.monotonic()

    def tell() -> None:
        patience = QUIET_SECONDS
        while not done.wait(patience):
            seconds = time.monotonic() - started
            sys.stderr.write(f"{title} … {seconds:.0f} s\n" if patience == REPEAT_SECONDS else f"{title} …\n")
            patience = REPEAT_SECONDS

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
