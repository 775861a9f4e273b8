"""What the paper exchange remembers: accounts, keys, markets, orders, fills, positions, settlements, trades.

Every record is one row of the state file. Prices are YES dollars, counts are contracts, times aware UTC.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from kalshi.pricing.fees import DIRECT_PRECISION

ZERO = Decimal(0)
ONE = Decimal(1)
BID, ASK = "bid", "ask"
RESTING, CANCELED, EXECUTED = "resting", "canceled", "executed"
OUTSIDE = "outside"  # the account of the displayed liquidity: everybody who is not on this machine


class Key(msgspec.Struct):
    """One API key; its private half is never here."""

    key_id: str
    account_id: str
    public_pem: str
    scopes: list[str]
    name: str = "paper"


class Account(msgspec.Struct):
    """Cash of one member. cash: dollars per shard, resting orders' collateral included."""

    account_id: str
    cash: dict[int, Decimal]
    deposited: Decimal
    updated_at: datetime
    precision: Decimal = DIRECT_PRECISION


class Order(msgspec.Struct):
    """One order. priority: place in time; a lower number is served first at its price."""

    order_id: str
    account_id: str
    client_order_id: str
    ticker: str
    side: str
    price: Decimal
    remaining: Decimal
    priority: int
    created_at: datetime
    updated_at: datetime
    exchange_index: int
    time_in_force: str
    self_trade_prevention: str
    filled: Decimal = ZERO
    status: str = RESTING
    expires_at: datetime | None = None
    post_only: bool = False
    cancel_on_pause: bool = False
    taker_cost: Decimal = ZERO
    maker_cost: Decimal = ZERO
    taker_fees: Decimal = ZERO
    maker_fees: Decimal = ZERO
    carried: Decimal = ZERO  # rounding accumulator, see kalshi.pricing.fees.charge
    reduced: Decimal = ZERO  # taken off by decrease, amend or cancel

    @property
    def own_price(self) -> Decimal:
        """Dollars of the side the order buys: YES for a bid, NO for an ask."""
        return self.price if self.side == BID else ONE - self.price


class Fill(msgspec.Struct):
    """One execution, from one account's view."""

    number: int
    fill_id: str
    order_id: str
    account_id: str
    ticker: str
    side: str
    price: Decimal
    count: Decimal
    fee: Decimal
    is_taker: bool
    created_at: datetime
    exchange_index: int


class Position(msgspec.Struct):
    """Net contracts of one account in one market: + YES, - NO. cost: what the open part was bought for."""

    account_id: str
    ticker: str
    exchange_index: int
    updated_at: datetime
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    traded: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    settled: bool = False


class Settlement(msgspec.Struct):
    """What one market paid to one account. yes_value: dollars of one YES contract."""

    number: int
    account_id: str
    ticker: str
    event_ticker: str
    exchange_index: int
    result: str
    yes_value: Decimal
    quantity: Decimal
    cost: Decimal
    fees: Decimal
    revenue: Decimal
    settled_at: datetime


class TapeTrade(msgspec.Struct):
    """One public trade of this exchange."""

    number: int
    trade_id: str
    ticker: str
    price: Decimal
    count: Decimal
    taker_side: str
    created_at: datetime


class Displayed(msgspec.Struct):
    """Liquidity shown by the mirrored book and not taken yet. Levels are (YES price, count)."""

    ticker: str
    as_of: datetime
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class SpentId(msgspec.Struct):
    """A client order id that was accepted once; it is never accepted again."""

    account_id: str
    client_order_id: str
    order_id: str


class Ledger(msgspec.Struct):
    """The exchange's own books. fees: dollars collected, roundings included. last_number: of any record."""

    name: str = "exchange"
    fees: Decimal = ZERO
    last_number: int = 0
