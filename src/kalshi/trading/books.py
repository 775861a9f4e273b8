"""Profit and loss, counted from booked fills and settlements and nothing else.

Average cost, as the exchange's own `realized_pnl_dollars`: a sale closes at the average price paid, a settlement closes
the rest. Realised results are dollars before fees; fees are booked when they are charged. `realized`, `results` and
`open_exposure` read a store; everything else is arithmetic on what they read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

from kalshi.pricing.fees import DIRECT_PRECISION
from kalshi.store import Store
from kalshi.store.rows import Execution, SettlementRow

NEW_YORK = ZoneInfo("America/New_York")
COST_STEP = Decimal("0.000001")
ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True)
class Entry:
    """What one fill or settlement brought. at: aware UTC. realized: dollars before fees. fee: dollars charged then."""

    at: datetime
    ticker: str
    event_ticker: str
    strategy: str
    realized: Decimal
    fee: Decimal

    @property
    def net(self) -> Decimal:
        """Dollars after fees."""
        return self.realized - self.fee


@dataclass
class Lot:
    """Contracts held, + YES, - NO, and what the open part was bought for, dollars without fees."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    def trade(self, buys_yes: bool, count: Decimal, yes_price: Decimal) -> Decimal:
        """Book one trade and return what it realised. yes_price: dollars of YES, whichever side was bought."""
        own_price = yes_price if buys_yes else ONE - yes_price
        against = self.against(buys_yes)
        closing = min(against, count)
        gained = ZERO
        if closing:
            cost = self.cost if closing == against else (self.cost * closing / against).quantize(COST_STEP)
            gained = closing * (ONE - own_price) - cost
            self.cost -= cost
        self.cost += (count - closing) * own_price
        self.quantity += count if buys_yes else -count
        return gained

    def against(self, buys_yes: bool) -> Decimal:
        """Return how many held contracts a trade of this side would close."""
        return max(ZERO, -self.quantity if buys_yes else self.quantity)

    def worth(self, yes_value: Decimal) -> Decimal:
        """Return what it is paid where one YES contract is worth *yes_value* dollars."""
        return self.quantity * yes_value if self.quantity > 0 else -self.quantity * (ONE - yes_value)


@dataclass(frozen=True)
class Held:
    """An open position. cost: dollars paid for it without fees, the most it can lose."""

    ticker: str
    event_ticker: str
    strategy: str
    quantity: Decimal
    cost: Decimal


@dataclass
class Books:
    """Entries, oldest first, and what is held."""

    entries: list[Entry] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)


def keep_books(
    executions: Iterable[Execution], settlements: Mapping[str, SettlementRow], *, by_strategy: bool = False
) -> Books:
    """Return the books of all *executions* (oldest first) and the settlements of their markets.

    Positions are netted within a market, as the exchange does it, and `strategy` is then that of the fill. With
    by_strategy each strategy has a position of its own: what one bought and another sold against is then realised
    at the settlement, except that an order which could only close (`reduces`) closes what its own strategy holds and
    then what the others hold, and the result is theirs. Both ways add up to the same when nothing is held any more.
    """
    of_market: dict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        of_market[execution.ticker].append(execution)
    books = Books()
    for ticker, mine in of_market.items():
        _keep_market(books, mine, settlements.get(ticker), by_strategy)
    books.entries.sort(key=lambda entry: entry.at)
    return books


def _keep_market(books: Books, fills: list[Execution], settlement: SettlementRow | None, by_strategy: bool) -> None:
    lots: defaultdict[str, Lot] = defaultdict(Lot)
    for fill in fills:
        fee_left = fill.fee
        shares = _shares(lots, fill) if by_strategy else [("", fill.count)]
        for number, (strategy, count) in enumerate(shares, 1):
            last = number == len(shares)
            fee = fee_left if last else (fill.fee * count / fill.count).quantize(COST_STEP)
            fee_left -= fee
            gained = lots[strategy].trade(fill.buys_yes, count, fill.yes_price)
            whose = strategy if by_strategy else fill.strategy
            books.entries.append(Entry(fill.at, fill.ticker, fill.event_ticker, whose, gained, fee))
    last_fill = fills[-1]
    open_lots = {strategy: lot for strategy, lot in lots.items() if lot.quantity}
    names = {strategy: strategy if by_strategy else last_fill.strategy for strategy in open_lots}
    if settlement is None:
        books.held += [
            Held(last_fill.ticker, last_fill.event_ticker, names[strategy], lot.quantity, lot.cost)
            for strategy, lot in open_lots.items()
        ]
        return
    for strategy, paid in _paid(open_lots, settlement).items():
        gained = paid - open_lots[strategy].cost
        entry = Entry(settlement.settled_at, last_fill.ticker, last_fill.event_ticker, names[strategy], gained, ZERO)
        books.entries.append(entry)


def _shares(lots: Mapping[str, Lot], fill: Execution) -> list[tuple[str, Decimal]]:
    """Return whose contracts a fill trades: its own strategy's, or where it only closes, of whoever holds some."""
    if not fill.reduces:
        return [(fill.strategy, fill.count)]
    left, shares = fill.count, []
    for strategy in sorted(lots, key=lambda name: (name != fill.strategy, name)):
        closing = min(left, lots[strategy].against(fill.buys_yes))
        if closing:
            shares.append((strategy, closing))
            left -= closing
    return [*shares, (fill.strategy, left)] if left else shares


def _paid(lots: Mapping[str, Lot], settlement: SettlementRow) -> dict[str, Decimal]:
    """Return what the settlement pays to each lot, together exactly what the exchange credits for the net position.

    The credit is cut to $0.0001 once per market; the last lot bears what is cut off.
    """
    if not lots:
        return {}
    net = Lot(sum((lot.quantity for lot in lots.values()), ZERO))
    value = settlement.yes_value
    if value is None:  # a scalar result booked before its value was kept: whole cents are all that is known
        value = _value_from_revenue(settlement)
    paid = {strategy: lot.worth(value) for strategy, lot in lots.items()}
    credit = net.worth(value)
    paid[list(paid)[-1]] += credit.quantize(DIRECT_PRECISION, rounding=ROUND_FLOOR) - credit
    return paid


def _value_from_revenue(settlement: SettlementRow) -> Decimal:
    if settlement.yes_count:
        return settlement.revenue / settlement.yes_count
    return ONE - settlement.revenue / settlement.no_count if settlement.no_count else ZERO


@dataclass(frozen=True)
class Result:
    """Sums of entries, dollars. net: realized less fees."""

    realized: Decimal
    fees: Decimal

    @property
    def net(self) -> Decimal:
        """Dollars after fees."""
        return self.realized - self.fees


# What results can be summed by: market, event, strategy, and the day in New York on which it was booked.
KEYS: dict[str, Callable[[Entry], str]] = {
    "market": lambda entry: entry.ticker,
    "event": lambda entry: entry.event_ticker,
    "strategy": lambda entry: entry.strategy,
    "day": lambda entry: entry.at.astimezone(NEW_YORK).date().isoformat(),
}


def summed(entries: Iterable[Entry], by: str) -> dict[str, Result]:
    """Return sums by market, event, strategy or day, in the order of their names."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[KEYS[by](entry)].append(entry)
    return {
        key: Result(sum((one.realized for one in some), ZERO), sum((one.fee for one in some), ZERO))
        for key, some in sorted(found.items())
    }


def entries_of(
    store: Store, *, since: datetime | None = None, strategy: str | None = None, by_strategy: bool = True
) -> list[Entry]:
    """Return what was booked at or after *since* (aware; None: ever), oldest first; of one strategy where named."""
    executions = store.executions(active_since=since)
    books = keep_books(executions, store.settlements(), by_strategy=by_strategy)
    return [
        entry
        for entry in books.entries
        if (since is None or entry.at >= since) and strategy in (None, entry.strategy)
    ]


def realized(store: Store, *, since: datetime | None = None, strategy: str | None = None) -> Decimal:
    """Return the dollars won (or lost, negative) after fees by what was booked at or after *since* (aware).

    strategy: of one only. Open positions count when they are closed or settled, their fees when they were charged.
    """
    return sum((entry.net for entry in entries_of(store, since=since, strategy=strategy)), ZERO)


def results(store: Store, by: str, *, since: datetime | None = None) -> dict[str, Result]:
    """Return realised results and fees by market, event, strategy or day (New York)."""
    return summed(entries_of(store, since=since, by_strategy=by == "strategy"), by)


@dataclass(frozen=True)
class Exposure:
    """Dollars that can still be lost in one event: paid for what is held, and what rests or may have been sent."""

    held: Decimal = ZERO
    resting: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Both together; the worst outcome of an event can be milder, see `trading.exposure.worst_loss`."""
        return self.held + self.resting


def open_positions(store: Store) -> list[Held]:
    """Return what is held by market, from booked fills of markets that are not settled."""
    tickers = [ticker for ticker, net in store.net_contracts().items() if net]
    return keep_books(store.executions(tickers=tickers), {}).held


def open_exposure(store: Store) -> dict[str, Exposure]:
    """Return the exposure of each event in which something is held, rests, or may have been sent."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    resting: defaultdict[str, Decimal] = defaultdict(Decimal)
    for position in open_positions(store):
        held[position.event_ticker] += position.cost
    for row in store.open_orders():
        if row.remaining > 0 and not row.reduces:
            resting[row.event_ticker] += row.remaining * row.price + row.fee_bound * row.remaining / row.count
    return {event: Exposure(held[event], resting[event]) for event in sorted({*held, *resting})}
