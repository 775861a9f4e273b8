"""Everything the paper exchange knows, in memory, and which records changed since the last save.

Only this module knows how records are indexed. Whoever changes a record calls `keep(record)` afterwards;
`take_changes()` hands the changed ones to the state file, `load(record)` takes them back in after a restart.
"""

from __future__ import annotations

import heapq
import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Event, Market, Series
from kalshi.paper.book import Book
from kalshi.paper.funds import resting_cost
from kalshi.paper.records import (
    ASK,
    BID,
    ONE,
    OUTSIDE,
    RESTING,
    ZERO,
    Account,
    Bar,
    Displayed,
    Fill,
    Key,
    Ledger,
    Order,
    OrderGroup,
    Position,
    Settlement,
    ShardTransfer,
    SpentId,
    SubaccountTransfer,
    TapeTrade,
)
from kalshi.pricing.fees import FeeTerms, fee_terms

ID_NAMESPACE = uuid.UUID("7c0a4d0e-52f1-5c52-9b64-0a6f0b1f6f0e")


class ListedSeries(msgspec.Struct):
    """A series as last mirrored."""

    ticker: str
    series: Series


class ListedEvent(msgspec.Struct):
    """An event as last mirrored, without its markets."""

    ticker: str
    event: Event


class Listing(msgspec.Struct):
    """A market as last mirrored, and what this exchange did with it.

    paused: an `inactive` market takes no orders. settled_at: when positions were paid, None before.
    """

    ticker: str
    event_ticker: str
    series_ticker: str
    exchange_index: int
    as_of: datetime
    market: Market
    paused: bool = False
    closed: bool = False
    result: str = ""
    yes_value: Decimal | None = None
    settled_at: datetime | None = None


Record = (
    Account
    | Bar
    | Displayed
    | Fill
    | Key
    | Ledger
    | ListedEvent
    | ListedSeries
    | Listing
    | Order
    | OrderGroup
    | Position
    | Settlement
    | ShardTransfer
    | SpentId
    | SubaccountTransfer
    | TapeTrade
)


def key_of(record: Record) -> str:
    """Return the key of *record*, unique within its class and sorting in the order of creation."""
    match record:
        case Fill() | Settlement() | TapeTrade() | ShardTransfer() | SubaccountTransfer():
            return f"{record.number:012d}"
        case Bar():
            return f"{record.ticker}|{record.end_ts:012d}"
        case Position():
            return f"{record.account_id}|{record.ticker}"
        case SpentId():
            return f"{record.account_id}|{record.client_order_id}"
        case Account():
            return record.account_id
        case Key():
            return record.key_id
        case Order():
            return record.order_id
        case OrderGroup():
            return record.group_id
        case Ledger():
            return record.name
        case _:
            return record.ticker


class World:
    """The state of one paper exchange. Not thread-safe: the exchange lets one request in at a time."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, Key] = {}
        self.series: dict[str, ListedSeries] = {}
        self.events: dict[str, ListedEvent] = {}
        self.listings: dict[str, Listing] = {}
        self.event_markets: defaultdict[str, list[str]] = defaultdict(list)
        self.orders: dict[str, Order] = {}
        self.account_orders: defaultdict[str, list[Order]] = defaultdict(list)
        self.spent: dict[tuple[str, str], str] = {}
        self.fills: defaultdict[str, list[Fill]] = defaultdict(list)
        self.positions: dict[tuple[str, str], Position] = {}
        self.settlements: defaultdict[str, list[Settlement]] = defaultdict(list)
        self.tape: list[TapeTrade] = []
        self.groups: dict[str, OrderGroup] = {}
        self.group_orders: defaultdict[str, list[Order]] = defaultdict(list)
        self.shard_transfers: dict[str, ShardTransfer] = {}
        self.subaccount_transfers: list[SubaccountTransfer] = []
        self.bars: defaultdict[str, list[Bar]] = defaultdict(list)
        self.open_interest: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.traded: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.last_trade: dict[str, TapeTrade] = {}
        self.touched: set[str] = set()  # markets whose book or tape changed since the last bar
        self.fresh: list[TapeTrade] = []  # trades that are in no bar yet
        self._long: dict[tuple[str, str], Decimal] = {}
        self.books: defaultdict[str, Book] = defaultdict(Book)
        self.grids: dict[str, PriceGrid] = {}
        self.reserved: defaultdict[tuple[str, int], Decimal] = defaultdict(lambda: ZERO)
        self._market_reserve: dict[tuple[str, str], Decimal] = {}
        self._resting: defaultdict[tuple[str, str, str], dict[Decimal, Decimal]] = defaultdict(dict)
        self._due: list[tuple[datetime, str, str]] = []
        self._changed: dict[tuple[str, str], Record] = {}

    # --- identity -------------------------------------------------------------------------------

    def next_number(self) -> int:
        """Return the next number of this exchange; it orders fills, trades and queue places."""
        self.ledger.last_number += 1
        self.keep(self.ledger)
        return self.ledger.last_number

    def id_for(self, number: int, account_id: str, at: datetime) -> str:
        """Return a UUID that the same history gives again, and no other history does."""
        return str(uuid.uuid5(ID_NAMESPACE, f"{account_id}|{at.isoformat()}|{number}"))

    # --- records --------------------------------------------------------------------------------

    def keep(self, record: Record) -> None:
        """Remember that *record* is new or changed, and index it."""
        self._changed[type(record).__name__, key_of(record)] = record
        self.load(record)

    def take_changes(self) -> Iterable[Record]:
        """Return the records changed since the last call."""
        changed, self._changed = self._changed, {}
        return changed.values()

    def load(self, record: Record) -> None:
        """Index *record*; loading the same one again changes nothing."""
        match record:
            case Order():
                self.touched.add(record.ticker)
                if record.order_id not in self.orders:
                    self.orders[record.order_id] = record
                    self.account_orders[record.account_id].append(record)
                    if record.group_id:
                        self.group_orders[record.group_id].append(record)
            case Fill():
                self.fills[record.account_id].append(record)
            case Settlement():
                self.settlements[record.account_id].append(record)
            case TapeTrade():
                self.tape.append(record)
                self.fresh.append(record)
                self.touched.add(record.ticker)
                self.traded[record.ticker] += record.count
                self.last_trade[record.ticker] = record
            case Position():
                name = record.account_id, record.ticker
                self.positions[name] = record
                long = max(ZERO, record.quantity)
                self.open_interest[record.ticker] += long - self._long.get(name, ZERO)
                self._long[name] = long
            case SpentId():
                self.spent[record.account_id, record.client_order_id] = record.order_id
            case Account():
                self.accounts[record.account_id] = record
            case Key():
                self.keys[record.key_id] = record
            case Listing():
                if record.ticker not in self.listings:
                    self.event_markets[record.event_ticker].append(record.ticker)
                self.listings[record.ticker] = record
                self.grids.pop(record.ticker, None)
            case ListedEvent():
                self.events[record.ticker] = record
            case ListedSeries():
                self.series[record.ticker] = record
            case Displayed():
                self.touched.add(record.ticker)  # the book itself holds it; `show` fills it
            case OrderGroup():
                self.groups[record.group_id] = record
            case ShardTransfer():
                self.shard_transfers[record.transfer_id] = record
            case SubaccountTransfer():
                self.subaccount_transfers.append(record)
            case Bar():
                bars = self.bars[record.ticker]
                if not bars or bars[-1].end_ts < record.end_ts:
                    bars.append(record)
            case Ledger():
                self.ledger = record

    def settle_indexes(self, displayed: Iterable[Displayed]) -> None:
        """Rebuild books, reserves and timers after all records of a state file were loaded."""
        for orders in self.account_orders.values():
            orders.sort(key=lambda order: (order.created_at, order.priority))
        for order in sorted(self.orders.values(), key=lambda order: order.priority):
            if order.status == RESTING:
                self.rest(order)
        for listing in self.listings.values():
            self.watch_close(listing)
        for shown in displayed:
            self.show(shown)
        for transfer in self.shard_transfers.values():
            self.watch_transfer(transfer)
        if self.ledger.maintenance:
            self.watch_window(datetime.min.replace(tzinfo=UTC))  # due at once: then the next one is known
        self.touched.clear()
        self.fresh.clear()

    def position(self, account_id: str, listing: Listing, at: datetime) -> Position:
        """Return the account's position in a market, a new empty one where there is none."""
        held = self.positions.get((account_id, listing.ticker))
        return held or Position(account_id, listing.ticker, listing.exchange_index, at)

    def quantity(self, account_id: str, ticker: str) -> Decimal:
        """Return the signed YES contracts held."""
        held = self.positions.get((account_id, ticker))
        return held.quantity if held else ZERO

    def grid(self, listing: Listing) -> PriceGrid:
        """Return the price grid of a market."""
        grid = self.grids.get(listing.ticker)
        if grid is None:
            grid = self.grids[listing.ticker] = PriceGrid.of(listing.market)
        return grid

    def terms(self, listing: Listing, at: datetime) -> FeeTerms:
        """Return the fee terms of a market; raises DataError for a flat fee."""
        return fee_terms(
            self.series[listing.series_ticker].series,
            self.events[listing.event_ticker].event,
            waived_until=listing.market.fee_waiver_expiration_time,
            at=at,
        )

    # --- book and reserves ----------------------------------------------------------------------

    def rest(self, order: Order) -> None:
        """Put *order* at the end of its queue and reserve its collateral."""
        self.books[order.ticker].sides[order.side].add(order)
        self.change_resting(order, order.remaining)
        self.watch_expiry(order)

    def unrest(self, order: Order) -> None:
        """Take *order* out of its queue and free its collateral; call it while `remaining` is unchanged."""
        self.books[order.ticker].sides[order.side].remove(order)
        self.change_resting(order, -order.remaining)

    def change_resting(self, order: Order, change: Decimal) -> None:
        """Note that *change* contracts more (or fewer) rest at the order's price."""
        levels = self._resting[order.account_id, order.ticker, order.side]
        count = levels.get(order.price, ZERO) + change
        if count > 0:
            levels[order.price] = count
        else:
            levels.pop(order.price, None)
        self.refresh_reserve(order.account_id, order.ticker)

    def refresh_reserve(self, account_id: str, ticker: str) -> None:
        """Recompute what *account_id* must keep for its resting orders in one market."""
        if account_id == OUTSIDE:
            return
        listing = self.listings[ticker]
        shard = account_id, listing.exchange_index
        new = self.reserve_with(account_id, listing)
        self.reserved[shard] += new - self._market_reserve.get((account_id, ticker), ZERO)
        self._market_reserve[account_id, ticker] = new

    def reserve_with(
        self, account_id: str, listing: Listing, side: str = "", price: Decimal = ZERO, count: Decimal = ZERO
    ) -> Decimal:
        """Return the reserve of one market as it would be with another order of *count* at *price*."""
        quantity, total = self.quantity(account_id, listing.ticker), ZERO
        rate: Decimal | None = None
        for one in (BID, ASK):
            levels = self._resting.get((account_id, listing.ticker, one), {})
            if one == side and count:
                levels = {**levels, price: levels.get(price, ZERO) + count}
            if levels:
                if rate is None:
                    rate = self.terms(listing, listing.as_of).maker_rate
                total += resting_cost(one, quantity, levels, rate)
        return total

    def available(self, account_id: str, shard: int) -> Decimal:
        """Return the dollars free for new orders on one shard."""
        return self.accounts[account_id].cash.get(shard, ZERO) - self.reserved[account_id, shard]

    def market_reserve(self, account_id: str, ticker: str) -> Decimal:
        """Return the dollars kept for resting orders in one market."""
        return self._market_reserve.get((account_id, ticker), ZERO)

    def show(self, shown: Displayed) -> None:
        """Put displayed liquidity into the book of its market."""
        book = self.books[shown.ticker]
        book.sides[BID].show(shown.bids)
        book.sides[ASK].show([(ONE - price, count) for price, count in shown.asks])

    def displayed(self, ticker: str, as_of: datetime) -> Displayed:
        """Return the record of what is displayed now."""
        book = self.books[ticker]
        asks = [(ONE - price, count) for price, count in book.sides[ASK].displayed()]
        return Displayed(ticker, as_of, book.sides[BID].displayed(), asks)

    # --- timers ---------------------------------------------------------------------------------

    def watch_close(self, listing: Listing) -> None:
        """Remember to close a market when its time comes."""
        if not listing.closed:
            heapq.heappush(self._due, (listing.market.close_time, "market", listing.ticker))

    def watch_expiry(self, order: Order) -> None:
        """Remember to cancel an order when it expires."""
        if order.expires_at is not None:
            heapq.heappush(self._due, (order.expires_at, "order", order.order_id))

    def watch_transfer(self, transfer: ShardTransfer) -> None:
        """Remember to complete a transfer between shards."""
        if not transfer.complete:
            heapq.heappush(self._due, (transfer.completes_at, "transfer", transfer.transfer_id))

    def watch_window(self, start: datetime) -> None:
        """Remember that a maintenance window begins."""
        heapq.heappush(self._due, (start, "window", ""))

    def is_due(self, now: datetime) -> bool:
        """Return whether a timer has run out."""
        return bool(self._due) and self._due[0][0] <= now

    def take_due(self, now: datetime) -> Iterable[tuple[str, str]]:
        """Yield (kind, id) of the timers that ran out at or before *now*, earliest first."""
        while self.is_due(now):
            _, kind, name = heapq.heappop(self._due)
            yield kind, name
