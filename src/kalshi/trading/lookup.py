"""Finding out whether an order arrived, when its answer was lost: ask, allow for read lag, never guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from kalshi.errors import ExchangeError
from kalshi.exchange.models import Order

if TYPE_CHECKING:
    from kalshi.clients import ExchangeClient

# Reads lag writes by some tenths of a second; the last wait is generous.
WAITS_S = (0.3, 0.7, 1.5, 3.0, 5.0)
CLOCK_TOLERANCE = timedelta(minutes=2)  # when listing: orders are filtered by the exchange's clock
SURELY_LATER = timedelta(seconds=2)  # when judging freshness: the clocks may differ a little


class Absent(Enum):
    """Why no order was found."""

    NOT_THERE = "not there"  # the exchange's data are newer than our attempt and do not hold it
    UNSURE = "unsure"  # no certain answer


def find_order(
    exchange: ExchangeClient,
    ticker: str,
    client_order_id: str,
    began: datetime,
    ended: datetime,
    sleep: Callable[[float], None],
) -> Order | Absent:
    """Return the order with this identity, or how sure it is that there is none.

    began, ended: aware, when the last attempt to send it left and when its answer was given up.
    Only reads are made; errors of reads mean "unsure".
    """
    for wait in WAITS_S:
        sleep(wait)
        try:
            fresh = exchange.user_data_timestamp().as_of_time
            found = _listed(exchange, ticker, client_order_id, began)
        except ExchangeError:
            continue
        if found is not None:
            return found
        # Asked for before the list was read, so the list is at least as new as this.
        if fresh > ended + SURELY_LATER:
            return Absent.NOT_THERE
    return Absent.UNSURE


def _listed(exchange: ExchangeClient, ticker: str, client_order_id: str, began: datetime) -> Order | None:
    since = int((began - CLOCK_TOLERANCE).timestamp())
    for order in exchange.orders(ticker=ticker, min_ts=since):
        if order.client_order_id == client_order_id:
            return order
    return None
