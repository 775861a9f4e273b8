"""One process per job: a file lock that the operating system gives back when its holder dies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kalshi.errors import AlreadyRunning, StoreError
from kalshi.runtime.clock import new_york_text

GRACE = timedelta(minutes=1)


class Hangs(AlreadyRunning):
    """The holder of the lock runs longer than it may."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock of a job; times are aware. ends_by: when its time limit ends it, None without one."""

    pid: int
    run_id: str
    started_at: datetime
    ends_by: datetime | None

    def overdue(self, now: datetime) -> bool:
        """Return whether it should have ended a minute ago at least."""
        return self.ends_by is not None and now > self.ends_by + GRACE

    def is_alive(self) -> bool:
        """Return whether a process with its pid runs; the pid may be somebody else's by now."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass  # it is another user's
        return True

    def to_row(self) -> dict[str, object]:
        """Return what its note says."""
        ends_by = self.ends_by.isoformat() if self.ends_by else None
        return {
            "pid": self.pid, "run_id": self.run_id, "started_at": self.started_at.isoformat(), "ends_by": ends_by,
        }  # fmt: skip


@contextmanager
def job_lock(
    directory: Path, name: str, *, run_id: str, started_at: datetime, ends_by: datetime | None = None
) -> Iterator[None]:
    """Hold the lock *name* in *directory* for the length of the block.

    A second process does not wait: it gets AlreadyRunning, which names the holder, or Hangs where that should
    have ended (*ends_by* of its own, in its note). The note beside the lock only serves those messages; one
    left by a killed process locks nobody out.
    """
    from filelock import FileLock, Timeout

    note = note_path(directory, name)
    path = directory / f"{name}.lock"
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _already_running(name, read_holder(note), started_at) from None
    except OSError as error:
        raise StoreError(f"the lock {path} can not be taken ({error.strerror or error}): check it") from None
    try:
        _leave_note(note, Holder(os.getpid(), run_id, started_at, ends_by))
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


def note_path(directory: Path, name: str) -> Path:
    """Return where the holder of lock *name* says who it is."""
    return directory / f"{name}.holder.json"


def read_holder(note: Path) -> Holder | None:
    """Return who left *note*, None where there is none or it can not be read."""
    try:
        row = json.loads(note.read_text(encoding="utf-8"))
        ends_by = row.get("ends_by")
        return Holder(
            int(row["pid"]),
            str(row["run_id"]),
            datetime.fromisoformat(row["started_at"]),
            datetime.fromisoformat(ends_by) if ends_by else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _already_running(name: str, holder: Holder | None, now: datetime) -> AlreadyRunning:
    if holder is None:
        return AlreadyRunning(f"job {name} is already running (holder unknown): wait for it")
    since = f"pid {holder.pid} since {new_york_text(holder.started_at)}"
    if holder.overdue(now):
        minutes = (now - holder.started_at).total_seconds() / 60
        return Hangs(
            f"job {name} hangs ({since}, {minutes:.0f} minutes, longer than its --time-limit): "
            f"end it with `kill {holder.pid}`, then with `kill -9 {holder.pid}`"
        )
    return AlreadyRunning(f"job {name} is already running ({since}): wait for it, or see `python -m kalshi status`")


def _leave_note(note: Path, holder: Holder) -> None:
    """Say who holds the lock; a full disk keeps nobody from holding it without."""
    temporary = note.with_suffix(f".{os.getpid()}.tmp")
    with suppress(OSError):
        temporary.write_text(json.dumps(holder.to_row()), encoding="utf-8")
        temporary.replace(note)
    with suppress(OSError):
        temporary.unlink(missing_ok=True)
