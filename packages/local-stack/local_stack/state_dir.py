"""Where a run keeps its files: a directory for the run itself, and the user's --data-dir if there is one."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from local_stack.errors import UsageError

_PREFIX = "local-stack-"
_LOCK = "lock"
READY = "ready.json"
"""The file in a stack's directory that describes it once it is ready. Commands find a running stack by it."""
# Children of a stack that was killed write their last state before they let go of the lock.
LET_GO_WITHIN_SECONDS = 5.0


def lock_data_dir(directory: Path) -> int:
    """A file descriptor that holds the lock; children inherit it, so that it outlives a killed parent."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise UsageError(f"cannot use the data directory {directory}: {exc.strerror}") from exc
    end = time.monotonic() + LET_GO_WITHIN_SECONDS
    while not _lock(lock):
        owner = os.pread(lock, 20, 0).decode().strip()
        if _is_running(owner) or time.monotonic() > end:
            os.close(lock)
            raise UsageError(f"the data directory {directory} is in use by another local stack (process {owner})")
        time.sleep(0.02)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def make_run_dir() -> Path:
    """Short, because a Unix socket's path may have 107 characters; and what killed runs left is removed."""
    _remove_abandoned()
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # open until we end
    _lock(lock)
    return directory


def running() -> list[Path]:
    """The ready files of the stacks of this user that run, the one that became ready last first."""
    _remove_abandoned()
    files = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{READY}")
    mine = [file for file in files if file.stat().st_uid == os.getuid()]
    return sorted(mine, key=lambda file: file.stat().st_mtime, reverse=True)


def _remove_abandoned() -> None:
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                if _lock(lock):
                    shutil.rmtree(directory, ignore_errors=True)
            finally:
                os.close(lock)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
