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

from kalshi.exchange.grid import PriceGrid
from kalshi.paper.book import Book
from kalshi.paper.funds import Closing, closings_of, resting_cost
from kalshi.paper.listed import ListedEvent, ListedSeries, Listing, Record, key_of
from kalshi.paper.records import (
    ASK,
    BID,
    ONE,
    OUTSIDE,
    RESTING,
    ZERO,
    Account,
    Bar,
    CollateralReturn,
    Displayed,
    FeeChange,
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

LONG_AGO = datetime.min.replace(tzinfo=UTC)
ID_NAMESPACE = uuid.UUID("7c0a4d0e-52f1-5c52-9b64-0a6f0b1f6f0e")


class World:
    """The state of one paper exchange. Not thread-safe: the exchange lets one request in at a time."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, Key] = {}
        self.series: dict[str, ListedSeries] = {}
        self.events: dict[str, ListedEvent] = {}
        self.listings: dict[str, Listing] = {}
        self.shards = {0}
        self.event_markets: defaultdict[str, list[str]] = defaultdict(list)
        self.orders: dict[str, Order] = {}
        self.account_orders: defaultdict[str, list[Order]] = defaultdict(list)
        self.open_orders: defaultdict[str, dict[str, Order]] = defaultdict(dict)
        self.spent: dict[tuple[str, str], str] = {}
        self.fills: defaultdict[str, list[Fill]] = defaultdict(list)
        self.positions: dict[tuple[str, str], Position] = {}
        self.holdings: defaultdict[str, dict[str, Position]] = defaultdict(dict)  # account -> ticker
        self.holders: defaultdict[str, dict[str, Position]] = defaultdict(dict)  # ticker -> account
        self.settlements: defaultdict[str, list[Settlement]] = defaultdict(list)
        self.tape: list[TapeTrade] = []
        self.groups: dict[str, OrderGroup] = {}
        self.group_orders: defaultdict[str, list[Order]] = defaultdict(list)
        self.shard_transfers: dict[str, ShardTransfer] = {}
        self.returns: defaultdict[tuple[str, int], dict[str, CollateralReturn]] = defaultdict(dict)
        self.fee_changes: dict[str, FeeChange] = {}
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
                self.holdings[record.account_id][record.ticker] = record
                self.holders[record.ticker][record.account_id] = record
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
                self.shards.add(record.exchange_index)
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
            case CollateralReturn():
                self.returns[record.event_ticker, record.exchange_index][record.account_id] = record
            case FeeChange():
                self.fee_changes[record.change_id] = record
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
            self.watch(LONG_AGO, "window")  # due at once: then the next one is known
        for account in self.accounts.values():
            self.watch_allocation(account)
        for change in self.fee_changes.values():
            if not change.done:
                self.watch(change.scheduled_at, "fee", change.change_id)
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

    def terms(self, listing: Listing, at: datetime | None = None) -> FeeTerms:
        """Return the fee terms of a market at *at*, None: as if no fee were waived. DataError for a flat fee."""
        return fee_terms(
            self.series[listing.series_ticker].series,
            self.events[listing.event_ticker].event,
            waived_until=listing.market.fee_waiver_expiration_time,
            at=at,
        )

    def fees(self, series_ticker: str, event_ticker: str) -> tuple[object, ...] | None:
        """Return all that decides about the fees of an event, None where series or event is not listed."""
        series, event = self.series.get(series_ticker), self.events.get(event_ticker)
        if series is None or event is None:
            return None
        own = event.event.fee_type_override, event.event.fee_multiplier_override
        return series.series.fee_type, series.series.fee_multiplier, *own

    # --- book and reserves ----------------------------------------------------------------------

    def rest(self, order: Order) -> None:
        """Put *order* at the end of its queue and reserve its collateral."""
        self.books[order.ticker].sides[order.side].add(order)
        self.open_orders[order.account_id][order.order_id] = order
        self.change_resting(order, order.remaining)
        self.watch_expiry(order)

    def unrest(self, order: Order) -> None:
        """Take *order* out of its queue and free its collateral; call it while `remaining` is unchanged."""
        self.books[order.ticker].sides[order.side].remove(order)
        del self.open_orders[order.account_id][order.order_id]
        self.change_resting(order, -order.remaining)

    def change_resting(self, order: Order, change: Decimal) -> None:
        """Note that *change* contracts more (or fewer) rest at the order's price."""
        self.books[order.ticker].sides[order.side].change(order.own_price, change)
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

    def refresh_reserves(self, tickers: set[str]) -> None:
        """Recompute what everybody must keep in these markets."""
        for account_id, ticker in list(self._market_reserve):
            if ticker in tickers:
                self.refresh_reserve(account_id, ticker)

    def reserve_with(
        self, account_id: str, listing: Listing, side: str = "", price: Decimal = ZERO, count: Decimal = ZERO
    ) -> Decimal:
        """Return the reserve of one market as it would be with another order of *count* at *price*."""
        total = ZERO
        rate: Decimal | None = None
        for one in (BID, ASK):
            levels = self._resting.get((account_id, listing.ticker, one), {})
            if one == side and count:
                levels = {**levels, price: levels.get(price, ZERO) + count}
            if levels:
                if rate is None:
                    rate = self.terms(listing).maker_rate
                total += resting_cost(one, self.closings(account_id, listing, one), levels, rate)
        return total

    def closings(self, account_id: str, listing: Listing, side: str) -> list[Closing]:
        """Return what an order of *side* would close, oldest first.

        NO contracts under collateral return have to give back what came back for them, except as far as there
        are more of them than in any other market of the event.
        """
        held = self.positions.get((account_id, listing.ticker))
        if held is None or side != BID or not held.netted:
            return closings_of(side, held.quantity) if held else []
        counts, paid = self.netted_counts(account_id, listing)
        others = max((count for ticker, count in counts.items() if ticker != listing.ticker), default=ZERO)
        free = max(ZERO, held.netted - others)
        tiers = ((-held.quantity - held.netted, ONE), (free, max(ZERO, ONE - paid)), (held.netted - free, ZERO))
        return [Closing(count, saved) for count, saved in tiers if count]

    def netted_counts(self, account_id: str, listing: Listing) -> tuple[dict[str, Decimal], Decimal]:
        """Return (ticker -> netted NO contracts, sum of paid YES values) of the event of *listing* on its shard."""
        counts, paid = {}, ZERO
        for ticker in self.event_markets[listing.event_ticker]:
            other = self.listings[ticker]
            if other.exchange_index != listing.exchange_index:
                continue
            if other.settled_at is not None:
                paid += other.yes_value or ZERO
            elif (held := self.positions.get((account_id, ticker))) is not None and held.netted:
                counts[ticker] = held.netted
        return counts, paid

    def available(self, account_id: str, shard: int) -> Decimal:
        """Return the dollars free for new orders on one shard."""
        return self.accounts[account_id].cash.get(shard, ZERO) - self.reserved[account_id, shard]

    def market_reserve(self, account_id: str, ticker: str) -> Decimal:
        """Return the dollars kept for resting orders in one market."""
        return self._market_reserve.get((account_id, ticker), ZERO)

    def show(self, shown: Displayed) -> None:
        """Put displayed liquidity into the book of its market."""
        book = self.books[shown.ticker]
        book.sides[BID].show(shown.bids, dict(shown.taken_bids))
        book.sides[ASK].show(_mirrored(shown.asks), dict(_mirrored(shown.taken_asks)))

    def refresh(self, shown: Displayed) -> None:
        """Take over what the outside displays now; what was taken from the same contracts stays taken."""
        book = self.books[shown.ticker]
        book.sides[BID].refresh(shown.bids)
        book.sides[ASK].refresh(_mirrored(shown.asks))

    def displayed(self, ticker: str, as_of: datetime) -> Displayed:
        """Return the record of what is displayed now."""
        book = self.books[ticker]
        bids, asks = book.sides[BID], book.sides[ASK]
        taken = list(bids.taken.items()), _mirrored(asks.taken.items())
        return Displayed(ticker, as_of, bids.displayed(), _mirrored(asks.displayed()), *taken)

    # --- timers ---------------------------------------------------------------------------------

    def watch(self, at: datetime, kind: str, name: str = "") -> None:
        """Remember that something is due: `lifecycle.advance` knows the kinds."""
        heapq.heappush(self._due, (at, kind, name))

    def watch_close(self, listing: Listing) -> None:
        """Remember to close a market when its time comes, and to pay it when its result becomes final."""
        if not listing.closed:
            self.watch(listing.market.close_time, "market", listing.ticker)
        if listing.pays_at is not None:
            self.watch(listing.pays_at, "result", listing.ticker)

    def watch_allocation(self, account: Account) -> None:
        """Remember to spread an account's cash over the shards."""
        if account.allocation and account.allocates_at is not None:
            self.watch(account.allocates_at, "allocation", account.account_id)

    def watch_expiry(self, order: Order) -> None:
        """Remember to cancel an order when it expires."""
        if order.expires_at is not None:
            self.watch(order.expires_at, "order", order.order_id)

    def watch_transfer(self, transfer: ShardTransfer) -> None:
        """Remember to complete a transfer between shards."""
        if not transfer.complete:
            self.watch(transfer.completes_at, "transfer", transfer.transfer_id)

    def is_due(self, now: datetime) -> bool:
        """Return whether a timer has run out."""
        return bool(self._due) and self._due[0][0] <= now

    def take_due(self, now: datetime) -> Iterable[tuple[datetime, str, str]]:
        """Yield (time, kind, id) of the timers that ran out at or before *now*, earliest first."""
        while self.is_due(now):
            yield heapq.heappop(self._due)


def _mirrored(levels: Iterable[tuple[Decimal, Decimal]]) -> list[tuple[Decimal, Decimal]]:
    """Return levels of the asks with YES prices for NO prices, or the other way round."""
    return [(ONE - price, count) for price, count in levels]
