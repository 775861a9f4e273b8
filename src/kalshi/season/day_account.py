"""The books of a simulated day: what the exchange has against what the scripts' own store has, to the last order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kalshi.exchange.models import Fill, Order, Settlement
from kalshi.pricing.negative_risk import guarantee, leg_of_fill
from kalshi.store.rows import OrderRow

ZERO = Decimal(0)
NEVER_SENT = ("refused", "rejected")


@dataclass(frozen=True)
class Books:
    """What both sides say after the day. balances: dollars before and after, as the exchange tells them."""

    orders: Sequence[Order]
    fills: Sequence[Fill]
    settlements: Sequence[Settlement]
    rows: Sequence[OrderRow]
    balance_before: Decimal
    balance_after: Decimal


@dataclass(frozen=True)
class Accounting:
    """The result. unexplained: one line for everything that one side has and the other has not, or has differently.

    fill_pnl: dollars by our arithmetic, from fills with their fees and the results; balance_change: the exchange's.
    """

    at_exchange: int
    in_store: int
    refused: Sequence[OrderRow]
    unexplained: Sequence[str]
    fill_pnl: Decimal
    balance_change: Decimal
    fees: Decimal
    open_positions: Mapping[str, Decimal]

    @property
    def sentence(self) -> str:
        """Say in one line whether every order is accounted for."""
        return (
            f"{self.at_exchange} orders at the exchange, {self.in_store} in the store, "
            f"{len(self.unexplained)} unexplained"
        )

    @property
    def money(self) -> str:
        """Say in one line whether the profit is the exchange's own figure."""
        difference = self.fill_pnl - self.balance_change
        same = "the exchange's balance says the same" if not difference else f"the balance differs by ${difference:+}"
        held = f"; still open: {_shown(self.open_positions)}" if self.open_positions else ""
        return f"P&L ${self.fill_pnl:+.4f} after ${self.fees:.4f} of fees; {same} (${self.balance_change:+.4f}){held}"

    @property
    def in_order(self) -> bool:
        """Whether nothing is unexplained, in orders and in money."""
        return not self.unexplained and (bool(self.open_positions) or self.fill_pnl == self.balance_change)


def account(books: Books) -> Accounting:
    """Return the accounting of *books*."""
    sent = [row for row in books.rows if row.state not in NEVER_SENT]
    results = {one.ticker: _yes_value(one) for one in books.settlements}
    positions: dict[str, Decimal] = {}
    cash = fees = ZERO
    for leg in (leg_of_fill(fill) for fill in books.fills):
        positions[leg.ticker] = positions.get(leg.ticker, ZERO) + leg.contracts
        cash -= leg.contracts * leg.yes_price + leg.fee
        fees += leg.fee
    paid = sum((held * results.get(ticker, ZERO) for ticker, held in positions.items()), ZERO)
    still_open = {ticker: held for ticker, held in positions.items() if held and ticker not in results}
    return Accounting(
        at_exchange=len(books.orders),
        in_store=len(sent),
        refused=[row for row in books.rows if row.state in NEVER_SENT],
        unexplained=[*_orders_apart(books.orders, sent), *_fills_apart(books.orders, books.fills)],
        fill_pnl=cash + paid,
        balance_change=books.balance_after - books.balance_before,
        fees=fees,
        open_positions=still_open,
    )


def _orders_apart(orders: Iterable[Order], sent: Iterable[OrderRow]) -> list[str]:
    at_exchange = {order.client_order_id: order for order in orders}
    in_store = {row.client_order_id: row for row in sent}
    found = [
        f"order {name} of {order.ticker} is at the exchange and not in the store"
        for name, order in at_exchange.items()
        if name not in in_store
    ]
    for name, row in in_store.items():
        order = at_exchange.get(name)
        if order is None:
            found.append(f"order {name} of {row.ticker} is {row.state} in the store and not at the exchange")
        elif row.filled != order.fill_count_fp or row.order_id != order.order_id:
            found.append(
                f"order {name} of {row.ticker}: filled {order.fill_count_fp} at the exchange, {row.filled} in the store"
            )
    return found


def _fills_apart(orders: Iterable[Order], fills: Iterable[Fill]) -> list[str]:
    filled: dict[str, Decimal] = {}
    for fill in fills:
        filled[fill.order_id] = filled.get(fill.order_id, ZERO) + fill.count_fp
    known = {order.order_id: order for order in orders}
    found = [f"fills of order {name}, which the exchange does not list" for name in filled if name not in known]
    return found + [
        f"order {name} of {order.ticker}: {order.fill_count_fp} filled, its fills add up to {filled.get(name, ZERO)}"
        for name, order in known.items()
        if order.fill_count_fp != filled.get(name, ZERO)
    ]


def guarantee_over_time(fills: Iterable[Fill], event_ticker: str) -> list[tuple[datetime, Decimal, Decimal]]:
    """Return (time, guaranteed P&L, best case) of one exclusive event after each of its fills, dollars after fees."""
    legs, found = [], []
    for fill in sorted(fills, key=time_of):
        if fill.ticker.rpartition("-")[0] == event_ticker:
            legs.append(leg_of_fill(fill))
            now = guarantee(legs)
            found.append((time_of(fill), now.floor, now.best))
    return found


def time_of(fill: Fill) -> datetime:
    """Return when *fill* happened."""
    assert fill.created_time is not None, f"fill {fill.fill_id} has no time"
    return fill.created_time


def _yes_value(one: Settlement) -> Decimal:
    if one.market_result in ("yes", "no"):
        return Decimal(one.market_result == "yes")
    return Decimal(one.value or 0) / 100


def _shown(positions: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{ticker} {held:+}" for ticker, held in sorted(positions.items()))
