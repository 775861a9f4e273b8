"""The exchange's schedule, kept in a file between runs: it is the same for days, and every run would ask again.

A pause that it does not know yet is met by the exchange's state, which is read in every run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from kalshi.atomic import replacing
from kalshi.exchange.models import Schedule

KEPT_FOR = timedelta(days=3)  # over a weekend


def schedule_at(path: Path | None, now: datetime, read: Callable[[], Schedule]) -> Schedule:
    """Return the schedule kept in *path* when it is at most three days old, else what *read* answers, kept.

    now: aware. path: None keeps nothing. A file that can not be read or written is as good as none.
    """
    if path is None:
        return read()
    try:
        age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if timedelta(0) <= age <= KEPT_FOR:
            return msgspec.json.decode(path.read_bytes(), type=Schedule)
    except (OSError, msgspec.MsgspecError, OverflowError):
        pass
    found = read()
    _keep(path, found, now)
    return found


def _keep(path: Path, schedule: Schedule, now: datetime) -> None:
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(msgspec.json.encode(schedule))
            os.utime(temporary, (now.timestamp(), now.timestamp()))
    except OSError:
        return
