"""One process per job: a file lock that the operating system gives back when its holder dies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from kalshi.errors import AlreadyRunning, StoreError
from kalshi.runtime.clock import new_york_text


@contextmanager
def job_lock(directory: Path, name: str, *, run_id: str, started_at: datetime) -> Iterator[None]:
    """Hold the lock *name* in *directory* for the length of the block.

    A second process does not wait: it gets AlreadyRunning, which names the holder. The holder's note beside
    the lock only serves that message; a note left by a killed process locks nobody out.
    """
    from filelock import FileLock, Timeout

    note = directory / f"{name}.holder.json"
    path = directory / f"{name}.lock"
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AlreadyRunning(
            f"job {name} is already running ({_holder(note)}): wait for it, or see `python -m kalshi status`"
        ) from None
    except OSError as error:
        raise StoreError(f"the lock {path} can not be taken ({error.strerror or error}): check it") from None
    try:
        _leave_note(note, run_id, started_at)
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


def _leave_note(note: Path, run_id: str, started_at: datetime) -> None:
    """Say who holds the lock; a full disk keeps nobody from holding it without."""
    temporary = note.with_suffix(f".{os.getpid()}.tmp")
    with suppress(OSError):
        row = {"pid": os.getpid(), "run_id": run_id, "started_at": started_at.isoformat()}
        temporary.write_text(json.dumps(row), encoding="utf-8")
        temporary.replace(note)
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _holder(note: Path) -> str:
    try:
        row = json.loads(note.read_text(encoding="utf-8"))
        return f"pid {row['pid']} since {new_york_text(datetime.fromisoformat(row['started_at']))}"
    except (OSError, ValueError, KeyError, TypeError):
        return "holder unknown"
