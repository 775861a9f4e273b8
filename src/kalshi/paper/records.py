"""What the paper exchange remembers: accounts, keys, markets, orders, fills, positions, settlements, trades.

Every record is one row of the state file. Prices are YES dollars, counts are contracts, times aware UTC.
Records of which there may be millions hold nothing that could form a cycle, so the collector leaves them alone.
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
    subaccount: int | None = None  # locked to it, None: all of them
    revoked: bool = False


class Account(msgspec.Struct):
    """Cash of one member's subaccount. cash: dollars per shard, resting orders' collateral included.

    number: 0 for the primary account, whose id is the member's; member: id of the primary account.
    """

    account_id: str
    cash: dict[int, Decimal]
    deposited: Decimal
    updated_at: datetime
    precision: Decimal = DIRECT_PRECISION
    number: int = 0
    member: str = ""
    tier: str = "basic"
    netting: bool = False  # collateral return for the positions that are opened from then on
    allocation: dict[int, int] = {}  # shard -> percent of the free cash, empty: money stays where it is
    margin_reservation: str = "sum"
    allocates_at: datetime | None = None
    opened_at: datetime | None = None


class Order(msgspec.Struct, gc=False):
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
    group_id: str = ""
    ahead: Decimal = ZERO  # outside contracts in front of it at its price, as far as can be known
    rested_at: datetime | None = None  # when it took its place in the queue

    @property
    def own_price(self) -> Decimal:
        """Dollars of the side the order buys: YES for a bid, NO for an ask."""
        return self.price if self.side == BID else ONE - self.price


class Fill(msgspec.Struct, gc=False):
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


class Position(msgspec.Struct, gc=False):
    """Net contracts of one account in one market: + YES, - NO. cost: what the open part was bought for.

    netted: how many of the NO contracts were opened under collateral return.
    """

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
    netted: Decimal = ZERO


class CollateralReturn(msgspec.Struct):
    """Dollars of collateral that one account got back because its NO contracts of one event can not all lose."""

    account_id: str
    event_ticker: str
    exchange_index: int
    dollars: Decimal = ZERO


class FeeChange(msgspec.Struct):
    """Other fees from `scheduled_at` on, for a series or (event_ticker not empty) one event.

    fee_type, multiplier: None takes an event's override away. done: whether it is in force.
    """

    change_id: str
    number: int
    series_ticker: str
    event_ticker: str
    fee_type: str | None
    multiplier: Decimal | None
    scheduled_at: datetime
    done: bool = False


class Settlement(msgspec.Struct, gc=False):
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


class TapeTrade(msgspec.Struct, gc=False):
    """One public trade of this exchange."""

    number: int
    trade_id: str
    ticker: str
    price: Decimal
    count: Decimal
    taker_side: str
    created_at: datetime


class Displayed(msgspec.Struct):
    """Liquidity shown by the mirrored book and not taken yet. Levels are (YES price, count).

    taken_bids, taken_asks: contracts used up here of what the mirrored book still showed when it came.
    """

    ticker: str
    as_of: datetime
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
    taken_bids: list[tuple[Decimal, Decimal]] = []
    taken_asks: list[tuple[Decimal, Decimal]] = []


class SpentId(msgspec.Struct, gc=False):
    """A client order id that was accepted once; it is never accepted again."""

    account_id: str
    client_order_id: str
    order_id: str


class Ledger(msgspec.Struct):
    """The exchange's own books. fees: dollars collected, roundings included. last_number: of any record.

    paused: "", "trading" (cancels work) or "exchange" (nothing does). maintenance: keep the weekly window.
    window_seen: start of the last maintenance window that cancelled what asked for it.
    """

    name: str = "exchange"
    fees: Decimal = ZERO
    last_number: int = 0
    paused: str = ""
    maintenance: bool = False
    window_seen: datetime | None = None


class OrderGroup(msgspec.Struct):
    """Orders that are cancelled together. matched: (time, contracts) of the last fills."""

    group_id: str
    account_id: str
    limit: Decimal
    exchange_index: int
    number: int
    triggered: bool = False
    deleted: bool = False
    matched: list[tuple[datetime, Decimal]] = []


class ShardTransfer(msgspec.Struct):
    """Dollars on their way from one shard to another. They are on neither until `completes_at`."""

    number: int
    transfer_id: str
    client_transfer_id: str
    source_account: str
    destination_account: str
    source_shard: int
    destination_shard: int
    dollars: Decimal
    created_at: datetime
    completes_at: datetime
    complete: bool = False


class SubaccountTransfer(msgspec.Struct):
    """Dollars moved between two subaccounts of one member, at once."""

    number: int
    transfer_id: str
    client_transfer_id: str
    member: str
    source: int
    destination: int
    exchange_index: int
    dollars: Decimal
    created_at: datetime


class Bar(msgspec.Struct, gc=False):
    """One minute of one market. end_ts: unix seconds. Quotes are best YES prices; 0 and 1: nobody there.

    Each of bid, ask, price is (open, high, low, close); price is None without a trade. turnover: sum of
    YES price x contracts.
    """

    ticker: str
    end_ts: int
    bid: tuple[Decimal, Decimal, Decimal, Decimal]
    ask: tuple[Decimal, Decimal, Decimal, Decimal]
    price: tuple[Decimal, Decimal, Decimal, Decimal] | None
    volume: Decimal
    turnover: Decimal
    open_interest: Decimal
