"""Finding out whether an order arrived, when its answer was lost: ask, allow for read lag, never guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kalshi.errors import ExchangeError
from kalshi.exchange.models import Order

if TYPE_CHECKING:
    from kalshi.clients import ExchangeClient

# Reads lag writes by some tenths of a second; the last wait is generous.
WAITS_S = (0.3, 0.7, 1.5, 3.0, 5.0)
# Each read is repeated by the client already: two failures in a row say that asking on is in vain.
MOST_FAILURES = 2
CLOCK_TOLERANCE = timedelta(minutes=2)  # when listing: orders are filtered by the exchange's clock
SURELY_LATER = timedelta(seconds=2)  # when judging freshness: the clocks may differ a little
# A request that nobody waits for any more may still arrive. After this it does not: its signature, stamped when
# it was sent, is refused as too old (no official figure; refused at 60 s wherever it was tried).
IN_FLIGHT = timedelta(seconds=90)


@dataclass(frozen=True)
class NotThere:
    """The exchange's data as of this time do not hold the order."""

    as_of: datetime

    def settles(self, sent_at: datetime) -> bool:
        """Return whether an order sent then, and not there now, can not arrive any more."""
        return self.as_of >= sent_at + IN_FLIGHT


class Unsure:
    """No certain answer: reads failed, or the exchange's data were too old."""


def find_order(
    exchange: ExchangeClient,
    ticker: str,
    client_order_id: str,
    *,
    since: datetime | None,
    after: datetime,
    sleep: Callable[[float], None],
    must_exist: bool = False,
) -> Order | NotThere | Unsure:
    """Return the order with this identity, or how sure it is that there is none.

    since: aware, when the first attempt to send it left; None looks through all orders of the market.
    after: aware; data older than this (and a margin) say nothing about absence.
    must_exist: the exchange said that it has it, so that absence is only read lag: ask to the end.
    """
    failures = 0
    absent: NotThere | Unsure = Unsure()
    for wait in WAITS_S:
        sleep(wait)
        try:
            as_of = exchange.user_data_timestamp().as_of_time
            found = _listed(exchange, ticker, client_order_id, since)
        except ExchangeError:
            failures += 1
            if failures >= MOST_FAILURES:
                return absent
            continue
        failures = 0
        if found is not None:
            return found
        # Asked for before the list was read, so the list is at least as new as this.
        if as_of > after + SURELY_LATER:
            absent = NotThere(as_of)
            if not must_exist:
                return absent
    return absent


def _listed(
    exchange: ExchangeClient, ticker: str, client_order_id: str, since: datetime | None
) -> Order | None:
    earliest = None if since is None else int((since - CLOCK_TOLERANCE).timestamp())
    for order in exchange.orders(ticker=ticker, min_ts=earliest):
        if order.client_order_id == client_order_id:
            return order
    return None
