"""Making the store agree with the exchange, which is right; what can not be made to agree is a break."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from kalshi.errors import ExchangeError, NotFound, ResponseError
from kalshi.exchange.models import Order
from kalshi.store.rows import OrderRow
from kalshi.store.schema import ACCEPTED, RECONCILIATION, REDUCE_ONLY, UNKNOWN, UNRESOLVED
from kalshi.trading.lookup import SURELY_LATER
from kalshi.trading.settle import book_settled, unlike_settlements
from kalshi.trading.submit import ZERO, differs, impossible, learn, learned, resolve

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

# What the exchange says of fills and positions lags: a difference is looked at again before it is one.
WAITS_S = (1.0, 3.0)
# Waiting for data that are newer than the last order.
UNTIL_FRESH_S = (1.0, 1.5, 3.0)
# A row that changed longer ago is older than any read, however late.
READS_MAY_LAG = timedelta(minutes=2)
# Above so many orders that rest no more, all orders are listed at once instead of asked for one by one.
FEW_ORDERS = 20


@dataclass(frozen=True)
class Break:
    """A difference between store and exchange that a person should look at; its event is locked.

    known: it was named by an earlier reconciliation already, which locked the event for it.
    """

    event_ticker: str
    ticker: str
    what: str
    known: bool = False

    def __str__(self) -> str:
        return f"{self.ticker}: {self.what}"


def reconcile(desk: Desk, event_ticker: str | None = None) -> list[Break]:
    """Resolve unknown orders, refresh resting ones, book fills and settlements, compare what rests and is held.

    The events of breaks are locked; a lock of an earlier reconciliation whose break is gone is taken back.
    A second reconciliation changes nothing. Raises ExchangeError where the exchange can not be read: then
    nothing is known, and the run should not trade.
    """
    unknown = _resolve_unknown(desk, event_ticker)
    for wait in UNTIL_FRESH_S:
        if not _too_new(desk, desk.store.open_orders(event_ticker)):
            break
        desk.sleep(wait)
    differing = _differences(desk, event_ticker)
    for wait in WAITS_S:
        if not differing:
            break
        desk.sleep(wait)
        differing = _differences(desk, event_ticker)
    return _keep_locks(desk, event_ticker, unknown + differing)


def _resolve_unknown(desk: Desk, event_ticker: str | None) -> list[Break]:
    breaks = []
    for row in desk.store.open_orders(event_ticker):
        if row.state in UNRESOLVED:
            found = resolve(desk, row)
            if found.row.state == UNKNOWN and not found.absent:
                breaks.append(Break(row.event_ticker, row.ticker, f"{_name(row)}: {found.row.reason}"))
    return breaks


def _differences(desk: Desk, event_ticker: str | None) -> list[Break]:
    """Compare once. An order that changed later than the exchange's data is left alone: its own answer is newer."""
    open_rows = desk.store.open_orders(event_ticker)
    left_alone = _too_new(desk, open_rows)
    resting = {order.order_id: order for order in desk.exchange.orders(status="resting")}
    own = desk.store.orders_by_exchange_id(resting)
    rows = {row.client_order_id: row for row in [*open_rows, *own.values()]}
    mine = [row for row in rows.values() if event_ticker in (None, row.event_ticker)]
    judged = [row for row in mine if row.client_order_id not in left_alone]
    breaks = _refresh(desk, [row for row in judged if row.state == ACCEPTED and row.order_id], resting)
    breaks += _unbooked_fills(desk, {row.order_id for row in judged if row.order_id})
    breaks += _strangers(desk, event_ticker, resting, own)
    pending = {row.ticker for row in mine if row.state in UNRESOLVED or row.client_order_id in left_alone}
    breaks += _positions(desk, event_ticker, pending)
    return breaks


def _too_new(desk: Desk, open_rows: list[OrderRow]) -> set[str]:
    """Return the client_order_ids of those that changed later than the exchange's data are of.

    How old these are is asked only where an order changed lately.
    """
    recent = [row for row in open_rows if row.order_id and row.updated_at > desk.clock() - READS_MAY_LAG]
    if not recent:
        return set()
    as_of = desk.exchange.user_data_timestamp().as_of_time
    return {row.client_order_id for row in recent if row.updated_at + SURELY_LATER > as_of}


def _refresh(desk: Desk, rows: list[OrderRow], resting: dict[str, Order]) -> list[Break]:
    """Take over what became of orders that rested when they were last looked at, in one transaction."""
    breaks, changes = [], {}
    gone = [row for row in rows if row.remaining > 0 and row.order_id not in resting]
    found = resting | _orders_that_rest_no_more(desk, gone)
    for row in rows:
        order = found.get(row.order_id or "")
        if order is None:
            if row.remaining > 0:
                what = f"{_name(row)}: the exchange does not know it, or answers unreadably"
                breaks.append(Break(row.event_ticker, row.ticker, what))
        elif wrong := impossible(row, order):
            breaks.append(Break(row.event_ticker, row.ticker, f"{_name(row)}: the exchange says {wrong}"))
        elif differs(row, new := learned(desk, row, order)):
            changes[row.client_order_id] = {**new, "updated_at": desk.clock()}
    desk.store.update_orders(changes)
    return breaks


def _orders_that_rest_no_more(desk: Desk, rows: list[OrderRow]) -> dict[str, Order]:
    """Read what became of orders; of many by one list from the oldest on, then of the missing ones each."""
    found: dict[str, Order] = {}
    if len(rows) > FEW_ORDERS:
        oldest = int(min(row.created_at for row in rows).timestamp()) - 60
        wanted = {row.order_id for row in rows}
        found = {one.order_id: one for one in desk.exchange.orders(min_ts=oldest) if one.order_id in wanted}
    for row in rows:
        order = found.get(row.order_id or "") or _one_order(desk, row)
        if order is not None:
            found[order.order_id] = order
    return found


def _one_order(desk: Desk, row: OrderRow) -> Order | None:
    try:
        return desk.exchange.order(row.order_id or "")
    except (NotFound, ResponseError):  # one odd row must not end every run: the list leaves it out
        pass
    return next((one for one in desk.exchange.orders(ticker=row.ticker) if one.order_id == row.order_id), None)


def _unbooked_fills(desk: Desk, order_ids: Iterable[str]) -> list[Break]:
    """Book the fills of orders that have more of them than are booked."""
    missing = {i: row for i, row in desk.store.orders_by_exchange_id(order_ids).items() if row.filled != row.booked}
    if not missing:
        return []
    oldest = int(min(row.created_at for row in missing.values()).timestamp()) - 60
    listed = [fill for fill in desk.exchange.fills(min_ts=oldest) if fill.order_id in missing]
    desk.store.book_fills(reversed(listed))  # the exchange lists the newest first
    return [found for row in _still_unbooked(desk, missing) if (found := _unlike_fills(desk, row)) is not None]


def _still_unbooked(desk: Desk, order_ids: Iterable[str]) -> list[OrderRow]:
    return [row for row in desk.store.orders_by_exchange_id(order_ids).values() if row.filled != row.booked]


def _unlike_fills(desk: Desk, row: OrderRow) -> Break | None:
    """Ask for the order itself and all its fills; return the break where they still differ.

    A row can be younger than its order, whose first record was lost; and what was concluded from the answer
    to a cancel is wrong where somebody else made the order smaller before.
    """
    order = _one_order(desk, row)
    if order is not None:
        row = learn(desk, row, order)
    listed = list(desk.exchange.fills(order_id=row.order_id, ticker=row.ticker))
    desk.store.book_fills(fill for fill in reversed(listed) if fill.order_id == row.order_id)
    return next(
        (
            Break(now.event_ticker, now.ticker,
                  f"{_name(now)}: {now.filled} contracts filled, fills of {now.booked} are listed")
            for now in _still_unbooked(desk, [row.order_id or ""])
        ),
        None,
    )  # fmt: skip


def _strangers(
    desk: Desk, event_ticker: str | None, resting: dict[str, Order], own: dict[str, OrderRow]
) -> list[Break]:
    """Return orders that rest on the exchange and are in no row; adopt those that arrived after all."""
    breaks = []
    for order in resting.values():
        if order.order_id in own:
            continue
        row = desk.store.order(order.client_order_id)
        if row is not None and row.state not in UNRESOLVED:
            learn(desk, row, order, f"found on the exchange, taken for {row.state} before")
        if row is not None:
            continue
        event = _event_of(desk, order.ticker)
        if event_ticker in (None, event):
            breaks.append(Break(event, order.ticker, f"order {order.order_id} rests and is not in the store"))
    return breaks


def _positions(desk: Desk, event_ticker: str | None, pending: set[str]) -> list[Break]:
    """Return markets whose position, or what was paid for it, is not the sum of the fills we booked.

    Markets with an order on its way are left out: their position may change at any moment.
    """
    rows = list(desk.exchange.positions(event_ticker=event_ticker))
    if event_ticker is None:
        desk.positions = rows
    held = {row.ticker: row.position_fp for row in rows}
    booked = desk.store.net_contracts(event_ticker)
    settled = book_settled(desk, {ticker for ticker, count in booked.items() if count and ticker not in held}, booked)
    differing = [
        ticker
        for ticker in sorted({*booked, *held} - pending - settled)
        if held.get(ticker, ZERO) != booked.get(ticker, ZERO)
    ]
    event_of = desk.store.events_of(differing)
    breaks = [
        Break(
            event_of.get(ticker) or _event_of(desk, ticker),
            ticker,
            f"the exchange shows a position of {held.get(ticker, ZERO)}, our fills say {booked.get(ticker, ZERO)}",
        )
        for ticker in differing
    ]
    for row, ours in unlike_settlements(desk, event_ticker):
        paid = row.yes_count - row.no_count
        breaks.append(Break(row.event_ticker, row.ticker, f"{paid} contracts were settled, our fills say {ours}"))
    return breaks


def _keep_locks(desk: Desk, event_ticker: str | None, breaks: list[Break]) -> list[Break]:
    """Lock the events of breaks, take back the locks of those that are gone; return the breaks, known ones marked."""
    now = desk.clock()
    before = desk.store.locks(now, set_by=RECONCILIATION)
    reasons: dict[str, str] = {}
    for found in breaks:
        reasons.setdefault(found.event_ticker, str(found))
    for scope, reason in reasons.items():  # with another reason in one step: no moment is left unlocked
        desk.store.lock(scope, reason, set_at=now, set_by=RECONCILIATION, mode=REDUCE_ONLY, anew=True)
    for scope in before:
        if event_ticker in (None, scope) and scope not in reasons:
            desk.store.unlock(scope, set_by=RECONCILIATION)
    known = {scope for scope, reason in reasons.items() if before.get(scope) == reason}
    return [replace(found, known=found.event_ticker in known) for found in breaks]


def _event_of(desk: Desk, ticker: str) -> str:
    try:
        return desk.exchange.market(ticker).event_ticker
    except ExchangeError:
        return ticker.rpartition("-")[0]


def _name(row: OrderRow) -> str:
    return f"order {row.order_id or row.client_order_id}"
