"""Protections: a strategy that lost too much may only close for a while.

Results are those of `books`: realised, with fees. A protection is a lock that every process sees and that ends by
itself. What it locked for is not counted again: after its end, or after a person lifted it, losses are counted anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kalshi.store import Store
from kalshi.store.rows import LockRow
from kalshi.store.schema import PROTECTION, REDUCE_ONLY
from kalshi.trading.books import Entry, entries_of
from kalshi.trading.limits import Limits

LOSS_WINDOW = LOSS_LOCK = timedelta(hours=24)
DRAWDOWN_WINDOW, DRAWDOWN_LOCK = timedelta(days=30), timedelta(days=7)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Protection:
    """Why a strategy is locked until when (aware)."""

    strategy: str
    until: datetime
    reason: str

    def __str__(self) -> str:
        return f"{self.strategy} may only close until {self.until:%Y-%m-%d %H:%M} UTC: {self.reason}"


def protect(store: Store, limits: Limits, now: datetime) -> list[Protection]:
    """Lock the strategies whose results passed a limit, until a stated time; return the locks that are new."""
    before = {lock.scope: lock for lock in store.lock_rows() if lock.set_by == PROTECTION}
    entries = entries_of(store, since=now - DRAWDOWN_WINDOW)
    new = []
    for strategy in sorted({entry.strategy for entry in entries}):
        mine = [entry for entry in entries if entry.strategy == strategy]
        found = judge(strategy, mine, before.get(strategy), limits, now)
        if found is not None and store.lock(
            strategy, found.reason, set_at=now, until=found.until, set_by=PROTECTION, mode=REDUCE_ONLY
        ):
            new.append(found)
    return new


def judge(
    strategy: str, entries: Sequence[Entry], last: LockRow | None, limits: Limits, now: datetime
) -> Protection | None:
    """Return the protection that the results of one strategy call for at *now*; None where it is locked already.

    entries: oldest first. last: its last protection; what came before that one's end is forgiven. A limit that is
    reached exactly locks.
    """
    if last is not None and (last.until is None or last.until > now):
        return None
    since = now - DRAWDOWN_WINDOW
    if last is not None and last.until is not None:
        since = max(since, last.until)
    counted = [entry for entry in entries if since < entry.at <= now]
    fallen = drawdown(entry.net for entry in counted)
    if fallen > 0 and fallen >= limits.drawdown:
        reason = f"results of 30 days are ${fallen:.2f} below their best, limit ${limits.drawdown:.2f}"
        return Protection(strategy, now + DRAWDOWN_LOCK, reason)
    lost = -sum((entry.net for entry in counted if entry.at > now - LOSS_WINDOW), ZERO)
    if lost > 0 and lost >= limits.day_loss:
        reason = f"lost ${lost:.2f} in 24 hours, limit ${limits.day_loss:.2f}"
        return Protection(strategy, now + LOSS_LOCK, reason)
    return None


def drawdown(results: Iterable[Decimal]) -> Decimal:
    """Return by how many dollars the running sum of *results*, from 0, has fallen from its best to its end; >= 0."""
    total = best = ZERO
    for result in results:
        total += result
        best = max(best, total)
    return best - total
