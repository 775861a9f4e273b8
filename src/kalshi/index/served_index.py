"""The index that a simulated exchange serves beside its API; for paper mode on this machine only, marked SIMULATED."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import requests

from kalshi.errors import DataError
from kalshi.index.quotes import IndexQuote

SIMULATED = "SIMULATED"
EVENT_MARK = "SIM"  # ends the ticker of every event of the simulated feed
TIMEOUT_S = 5


class ServedIndex:
    """Asks *url* (KALSHI_INDEX_URL, such as http://127.0.0.1:8765/simulated/index) for the newest minute."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def last(self, symbol: str) -> IndexQuote:
        """Return the newest value with its own time. Raises DataError where there is none to be had."""
        try:
            answer = requests.get(f"{self._url}/{quote(symbol)}", timeout=TIMEOUT_S)
            answer.raise_for_status()
            found = answer.json()
            value, as_of = float(found["value"]), datetime.fromisoformat(found["as_of"])
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise DataError(f"KALSHI_INDEX_URL gave no price of {symbol}: {type(error).__name__}: {error}") from None
        if as_of.tzinfo is None:
            raise DataError(f"KALSHI_INDEX_URL gave a price of {symbol} without a time zone")
        return IndexQuote(symbol, value, as_of, SIMULATED)


def is_simulated(event_ticker: str) -> bool:
    """Return whether an event comes from the simulated feed of a paper exchange."""
    return event_ticker.endswith(EVENT_MARK)
