"""Make the virtual environment `.venv` at the project's root, or bring it up to a lock file.

`environment.py requirements.lock [ARGUMENT …]`: with arguments it becomes the environment's Python. Two runs at a
time wait for each other; a run that was broken off is taken up again by the next one.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
RUNTIME_LOCK = "requirements.lock"
SILENCE_SECONDS = 5


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(title: str, command: list[str | Path]) -> None:
    """Run a command to its end, showing that it works; end this program when it fails."""
    tell(f"{title} …")
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=sys.stderr)  # noqa: S603 - Python's own `venv` and pip.
    try:
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SILENCE_SECONDS)
                break
            tell(f"{title} … {time.monotonic() - started:.0f} s")
    finally:
        process.terminate()
    if process.returncode != 0:
        sys.exit(f"{title} failed: {' '.join(map(str, command))}")


def describe(lock: str) -> str:
    """What the stamp of an installed lock file says: the place, too, because an environment cannot be moved."""
    return f"{ENVIRONMENT}\n{(ROOT / lock).read_text()}"


def stamp_of(lock: str) -> Path:
    return ENVIRONMENT / f"installed-{lock}"


def is_installed(lock: str) -> bool:
    stamp = stamp_of(lock)
    return stamp.exists() and stamp.read_text() == describe(lock) and python_runs()


def python_runs() -> bool:
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0  # noqa: S603


def was_moved() -> bool:
    """Whether the environment was made for another place; its programs would call that place's Python."""
    activate = ENVIRONMENT / "bin" / "activate"
    return activate.exists() and str(ENVIRONMENT) not in activate.read_text()


def make_environment() -> None:
    if python_runs() and not was_moved() and (ENVIRONMENT / "bin" / "pip").exists():
        return
    if ENVIRONMENT.exists():
        shutil.rmtree(ENVIRONMENT)
    try:
        import ensurepip  # noqa: F401 - some systems leave it out of Python, and `venv` then fails in riddles.
    except ImportError:
        sys.exit(f"{sys.executable} cannot make virtual environments: install python3-venv.")
    run("Making the virtual environment", [sys.executable, "-m", "venv", ENVIRONMENT])


def install(lock: str) -> None:
    make_environment()
    count = len((ROOT / lock).read_text().splitlines())
    options = ["--no-input", "--disable-pip-version-check"]
    run(
        f"Installing {count} locked packages, some minutes the first time",
        [PYTHON, "-m", "pip", "install", *options, "--requirement", ROOT / lock],
    )
    # The lock of the tests holds that of the site.
    for done in {lock, RUNTIME_LOCK}:
        stamp_of(done).write_text(describe(done))


def prepare(lock: str) -> None:
    if is_installed(lock):
        return
    with Path(__file__).open() as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Waiting for another process that prepares the virtual environment …")
            fcntl.flock(guard, fcntl.LOCK_EX)
        if not is_installed(lock):
            install(lock)


def main() -> None:
    lock, *arguments = sys.argv[1:]
    # SIGTERM ends pip, too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    prepare(lock)
    if arguments:
        os.execv(PYTHON, [str(PYTHON), *arguments])  # noqa: S606 - the arguments are the operator's own.


if __name__ == "__main__":
    main()
