"""An intent: an order we have decided on. Its identity follows from the decision, not from chance."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from kalshi.exchange.models_orders import GOOD_TILL_CANCELED

NEW_YORK = ZoneInfo("America/New_York")
ONE = Decimal(1)
ORDER_NAMESPACE = uuid.UUID("5c3b7a36-8d1f-5a34-9a55-6c2f9c1a7d10")


class Side(Enum):
    """The side whose contracts the order buys."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True)
class Intent:
    """Buy *count* contracts of *side* at *price* or better.

    price: dollars of the own side. run_date: New York date of the decision. purpose: what the order is
    for, so that one strategy may have several orders in a market. generation: 1, and one more for each
    deliberate re-placement after the end of the order before. expiration: aware, only for orders that rest.
    reduces: sell what is held instead, by buying the other side, immediate-or-cancel.
    """

    strategy: str
    run_date: date
    event_ticker: str
    ticker: str
    side: Side
    price: Decimal
    count: Decimal
    purpose: str = "entry"
    generation: int = 1
    time_in_force: str = GOOD_TILL_CANCELED
    post_only: bool = False
    expiration: datetime | None = None
    reduces: bool = False

    @property
    def book_side(self) -> str:
        """`bid` to buy YES, `ask` to buy NO: there is one book, of YES."""
        return "bid" if self.side is Side.YES else "ask"

    @property
    def yes_price(self) -> Decimal:
        """The price in YES dollars."""
        return self.price if self.side is Side.YES else ONE - self.price

    def __str__(self) -> str:
        return f"buy {self.count.normalize():f} {self.side.value.upper()} of {self.ticker} at {self.price:f}"


def client_order_id(intent: Intent) -> str:
    """Return the identity of the decision: the same cron tick run twice means the same order.

    Price and count are not part of it: a second run of the same decision with a moved forecast is still
    the same order, and the exchange answers 409 to it instead of filling it twice. The mode is not part of
    it either: paper, demo and live have separate exchanges and separate stores.
    """
    parts = [
        intent.strategy,
        intent.run_date.isoformat(),
        intent.event_ticker,
        intent.ticker,
        intent.side.value,
        intent.purpose,
        intent.generation,
    ]
    return str(uuid.uuid5(ORDER_NAMESPACE, json.dumps(parts)))
