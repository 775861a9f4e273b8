"""What must hold after every kill: nothing doubled, nothing lost, no limit passed; looked up on both sides.

Losses are worked out here by trying every outcome on what the exchange holds, not by the desk's own code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kalshi.paper.world import World
from kalshi.store import Store
from kalshi.store.schema import ACCEPTED, COUNTED, UNRESOLVED

D = Decimal
ZERO, ONE = D(0), D(1)


@dataclass
class Findings:
    """Problems by kind; all empty is the promise."""

    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.duplicates or self.lost or self.breaches)


def while_trading(
    world: World, account: str, store: Store, limits: dict[str, Decimal], blanket: Decimal, index_event: str
) -> Findings:
    """Check what holds at any moment, also right after a kill.

    limits: dollars an event may lose, by event. blanket: contracts the index scripts may have in one market.
    """
    found = Findings()
    rows = {row.client_order_id: row for row in store.orders()}
    orders = list(world.account_orders[account])
    for name, times in Counter(order.client_order_id for order in orders).items():
        if times > 1:
            found.duplicates.append(f"{times} orders with identity {name}")
    for order in orders:
        row = rows.get(order.client_order_id)
        if row is None:
            found.lost.append(f"{order.ticker}: {order.client_order_id} is on the exchange and in no row")
        elif row.state not in COUNTED:
            found.lost.append(f"{order.ticker}: {order.client_order_id} is on the exchange, its row says {row.state}")
        elif order.filled + order.remaining > row.count:
            found.duplicates.append(f"{order.ticker}: {order.filled} + {order.remaining} of {row.count}")
    for event, limit in limits.items():
        loss = worst_loss(world, account, event)
        if loss > limit:
            found.breaches.append(f"{event} could lose ${loss}, limit ${limit}")
    for ticker in {order.ticker for order in orders if order.ticker.startswith(index_event)}:
        bids = [order for order in orders if (order.ticker, order.status, order.side) == (ticker, "resting", "ask")]
        rests = sum((order.remaining for order in bids), ZERO)
        held = world.quantity(account, ticker)
        if max(ZERO, -held) + rests > blanket:
            found.duplicates.append(f"{ticker}: {-held} NO held and {rests} bid, {blanket} wanted")
        if held > 0:
            found.duplicates.append(f"{ticker}: {held} YES held, where NO was sold twice")
    return found


def when_settled(world: World, account: str, store: Store, intended: Collection[str]) -> Findings:
    """Check what holds once every run was repeated to its end and the store was reconciled."""
    found = Findings()
    rows = {row.client_order_id: row for row in store.orders()}
    orders = {order.client_order_id: order for order in world.account_orders[account]}
    found.lost += [f"intent {name} is in no row" for name in intended if name not in rows]
    for name, row in rows.items():
        order = orders.get(name)
        if row.state in UNRESOLVED:
            found.lost.append(f"{row.ticker}: order {name} is still {row.state}: {row.reason}")
        elif row.state == ACCEPTED and order is None:
            found.lost.append(f"{row.ticker}: order {name} is accepted and not on the exchange")
        elif order is not None and (row.order_id, row.filled) != (order.order_id, order.filled):
            found.lost.append(f"{row.ticker}: order {name}: {row.filled} filled in the store, {order.filled} there")
        elif order is not None and row.remaining != (order.remaining if order.status == "resting" else ZERO):
            found.lost.append(f"{row.ticker}: order {name}: {row.remaining} rest in the store, {order.remaining} there")
    booked = {fill["fill_id"]: (fill["count"], fill["fee"]) for fill in store.fills()}
    there = {fill.fill_id: (fill.count, fill.fee) for fill in world.fills[account]}
    if booked != there:
        found.lost.append(f"fills: {len(booked)} booked, {len(there)} on the exchange, or not the same")
    return found


def worst_loss(world: World, account: str, event: str) -> Decimal:
    """Return the most *account* can lose in *event*, dollars: every outcome, whatever rests filling at its worst."""
    outcomes = _outcomes(world, event)
    orders = [order for order in world.account_orders[account] if world.listings[order.ticker].event_ticker == event]
    sides = {order.order_id: order.side for order in orders}
    fills = [fill for fill in world.fills[account] if fill.order_id in sides]
    cash = sum(((-f.price if sides[f.order_id] == "bid" else f.price) * f.count - f.fee for f in fills), ZERO)
    worst = ZERO
    for wins in outcomes:
        value = cash
        for fill in fills:
            pays = ONE if wins(fill.ticker) else ZERO
            value += fill.count * pays * (1 if sides[fill.order_id] == "bid" else -1)
        for order in orders:
            if order.status == "resting":
                pays = ONE if wins(order.ticker) else ZERO
                gain = pays - order.price if order.side == "bid" else order.price - pays
                value += min(ZERO, gain * order.remaining)
        worst = min(worst, value)
    return -worst


def _outcomes(world: World, event: str) -> Iterable[Callable[[str], bool]]:
    tickers = [ticker for ticker, listing in world.listings.items() if listing.event_ticker == event]
    if all("-A" in ticker for ticker in tickers):  # nested: YES of every strike below the value
        ordered = sorted(tickers, key=lambda ticker: D(ticker.rpartition("-A")[2]))
        return [_among(set(ordered[:number])) for number in range(len(ordered) + 1)]
    return [_among({ticker}) for ticker in tickers] + [_among(set())]


def _among(winners: set[str]) -> Callable[[str], bool]:
    return lambda ticker: ticker in winners


def counts(world: World, account: str) -> dict[str, Any]:
    """Return how many orders and fills the account has."""
    return {"orders": len(world.account_orders[account]), "fills": len(world.fills[account])}
