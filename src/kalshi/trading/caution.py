"""Locks and the kill switch, asked before each order: the strictest of them wins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from kalshi.store import Store
from kalshi.store.rows import LockRow, Refusal
from kalshi.store.schema import STOP
from kalshi.trading.intents import Intent

EVERYTHING = "all"


def caution_refusal(
    intent: Intent, *, job: str, stores: Sequence[Store], stop_dir: Path, now: datetime, shrinks: bool = False
) -> Refusal | None:
    """Return why a lock or a STOP file forbids *intent*, None where none does.

    stores: whose locks hold; that of the run and, for made-up markets, that of the mode. A lock of mode
    reduce_only lets closing orders through, and a change that only makes a resting order smaller or cheaper
    (*shrinks*). The files work when the database does not.
    """
    for name in dict.fromkeys(("STOP", f"STOP.{intent.strategy}", f"STOP.{job or intent.strategy}")):
        if (stop_dir / name).exists():
            return Refusal("kill switch", f"stopped by the file {stop_dir / name}")
    scopes = (EVERYTHING, job, intent.strategy, intent.event_ticker)
    found = [lock for store in stores for lock in store.lock_rows(now) if lock.scope in scopes]
    strict = sorted(found, key=lambda lock: lock.mode != STOP)
    if not strict or (strict[0].mode != STOP and (intent.reduces or shrinks)):
        return None
    return Refusal("lock", in_words(strict[0]))


def in_words(lock: LockRow) -> str:
    """Return who is locked, how, until when and why, such as `tsa is locked, exits only, until ...: reason`."""
    how = "" if lock.mode == STOP else ", exits only"
    until = f" until {lock.until:%Y-%m-%d %H:%M} UTC" if lock.until else ""
    return f"{lock.scope} is locked{how}{until}: {lock.reason}"
