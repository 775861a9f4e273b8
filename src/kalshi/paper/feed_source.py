"""What a data vendor would say of the made-up index: JSON beside the exchange's API, for scripts that need a spot.

GET /simulated/index/^GSPC    the newest minute, as of the market's clock, and the minutes of its session so far
GET /simulated/closes/^GSPC   the close of every session since 2020 that is over
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from kalshi.errors import ConfigError
from kalshi.paper import feed_index
from kalshi.paper.feed_index import INDICES, MadeUpIndex
from kalshi.paper.feed_ladders import IndexClose, Kind
from kalshi.paper.feed_quotes import SOURCE
from kalshi.paper.feed_sessions import Session, closing_after

PREFIX = "/simulated/"
Answer = tuple[int, dict[str, Any]]


class IndexSource:
    """The index values behind the ladders of *kinds*, never later than *clock* (aware UTC)."""

    def __init__(self, clock: Callable[[], datetime], *, seed: int, kinds: Sequence[Kind]) -> None:
        self._clock = clock
        self._seed = seed
        self._symbols = {kind.index.symbol for kind in kinds if isinstance(kind, IndexClose)}

    def answer(self, path: str) -> Answer:
        """Answer GET of a path below /simulated/."""
        what, _, symbol = unquote(path).removeprefix(PREFIX).partition("/")
        if what not in ("index", "closes") or symbol not in self._symbols:
            known = ", ".join(sorted(self._symbols)) or "none"
            return 404, {"error": f"ask for {PREFIX}index/SYMBOL or {PREFIX}closes/SYMBOL; symbols here: {known}"}
        try:
            return 200, self.last(symbol) if what == "index" else self.closes(symbol)
        except ConfigError as error:
            return 404, {"error": str(error)}

    def last(self, symbol: str) -> dict[str, Any]:
        """Return the newest minute with its time, the close before and the minutes of the session so far.

        Outside of a session it is the last one's close, with the time of that.
        """
        index, now = INDICES[symbol], self._clock()
        current, previous = closing_after(now)
        if now < current.opens_at:
            current, previous = previous, closing_after(previous.opens_at)[1]
        minutes = self._minutes(index, current, now)
        as_of, value = minutes[-1]
        return {
            "symbol": symbol,
            "source": SOURCE,
            "as_of": as_of,
            "value": value,
            "prior_close": feed_index.close_of(index, self._seed, previous),
            "minutes": minutes,
        }

    def closes(self, symbol: str) -> dict[str, Any]:
        """Return [day, close] of every session that is over, oldest first."""
        index, now = INDICES[symbol], self._clock()
        known = feed_index.closes(index, self._seed, now.date())
        rows = [[session.day.isoformat(), close] for session, close in known if session.closes_at <= now]
        return {"symbol": symbol, "source": SOURCE, "closes": rows}

    def _minutes(self, index: MadeUpIndex, session: Session, now: datetime) -> list[list[Any]]:
        values = feed_index.minutes_of(index, self._seed, session)
        times = [session.opens_at + number * feed_index.MINUTE for number in range(len(values))]
        return [[at.isoformat(), value] for at, value in zip(times, values, strict=True) if at <= now]
