"""Making the store agree with the exchange, which is right; what can not be made to agree is a break."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.errors import ExchangeError, NotFound
from kalshi.exchange.models import Order, Settlement
from kalshi.store.rows import OrderRow, SettlementRow
from kalshi.store.schema import ACCEPTED, COUNTED, RECONCILIATION, REDUCE_ONLY, UNKNOWN, UNRESOLVED
from kalshi.trading.submit import ZERO, impossible, learn, resolve

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

# What the exchange says of fills and positions lags: a difference is looked at again before it is one.
WAITS_S = (1.0, 3.0)

YES_VALUES = {"yes": Decimal(1), "no": Decimal(0)}


@dataclass(frozen=True)
class Break:
    """A difference between store and exchange that a person should look at; its event is locked."""

    event_ticker: str
    ticker: str
    what: str

    def __str__(self) -> str:
        return f"{self.ticker}: {self.what}"


def reconcile(desk: Desk, event_ticker: str | None = None) -> list[Break]:
    """Resolve unknown orders, refresh resting ones, book fills and settlements, compare what rests and is held.

    The events of breaks are locked; a lock of an earlier reconciliation whose break is gone is taken back.
    A second reconciliation changes nothing. Raises ExchangeError where the exchange can not be read: then
    nothing is known, and the run should not trade.
    """
    unknown = _resolve_unknown(desk, event_ticker)
    differing = _differences(desk, event_ticker)
    for wait in WAITS_S:
        if not differing:
            break
        desk.sleep(wait)
        differing = _differences(desk, event_ticker)
    breaks = unknown + differing
    _keep_locks(desk, event_ticker, breaks)
    return breaks


def _resolve_unknown(desk: Desk, event_ticker: str | None) -> list[Break]:
    breaks = []
    for row in desk.store.orders(event_ticker=event_ticker):
        if row.state in UNRESOLVED:
            found = resolve(desk, row)
            if found.row.state == UNKNOWN and not found.absent:
                breaks.append(Break(row.event_ticker, row.ticker, f"{_name(row)}: {found.row.reason}"))
    return breaks


def _differences(desk: Desk, event_ticker: str | None) -> list[Break]:
    resting = {order.order_id: order for order in desk.exchange.orders(status="resting")}
    rows = [row for row in desk.store.orders(event_ticker=event_ticker) if row.state in COUNTED]
    own = {row.order_id: row for row in rows if row.order_id}
    breaks = _refresh(desk, rows, resting)
    breaks += _unbooked_fills(desk, own)
    pending = {row.ticker for row in rows if row.state in UNRESOLVED}
    breaks += _strangers(desk, event_ticker, resting, own)
    breaks += _positions(desk, event_ticker, own, pending)
    return breaks


def _refresh(desk: Desk, rows: list[OrderRow], resting: dict[str, Order]) -> list[Break]:
    """Take over what became of orders that rested when they were last looked at."""
    breaks = []
    for row in rows:
        if row.state != ACCEPTED or row.order_id is None:
            continue
        order = resting.get(row.order_id)
        if order is None and row.remaining > 0:
            order = _one_order(desk, row)
            if order is None:
                what = f"{_name(row)}: the exchange does not know it"
                breaks.append(Break(row.event_ticker, row.ticker, what))
        if order is not None:
            wrong = impossible(row, order)
            if wrong:
                breaks.append(Break(row.event_ticker, row.ticker, f"{_name(row)}: the exchange says {wrong}"))
            learn(desk, row, order)
    return breaks


def _one_order(desk: Desk, row: OrderRow) -> Order | None:
    try:
        return desk.exchange.order(row.order_id or "")
    except NotFound:
        pass
    return next((one for one in desk.exchange.orders(ticker=row.ticker) if one.order_id == row.order_id), None)


def _unbooked_fills(desk: Desk, own: dict[str, OrderRow]) -> list[Break]:
    """Book the fills of orders that have more of them than are booked."""
    missing = [row for row in desk.store.orders_by_exchange_id(own).values() if row.filled != row.booked]
    if not missing:
        return []
    oldest = int(min(row.created_at for row in missing).timestamp()) - 60
    listed = [fill for fill in desk.exchange.fills(min_ts=oldest) if fill.order_id in own]
    desk.store.book_fills(reversed(listed))  # the exchange lists the newest first
    looked_at = [row.order_id for row in missing if row.order_id]
    return [
        Break(
            row.event_ticker,
            row.ticker,
            f"{_name(row)}: {row.filled} contracts filled, fills of {row.booked} are listed",
        )
        for row in desk.store.orders_by_exchange_id(looked_at).values()
        if row.filled != row.booked
    ]


def _strangers(
    desk: Desk, event_ticker: str | None, resting: dict[str, Order], own: dict[str, OrderRow]
) -> list[Break]:
    """Return orders that rest on the exchange and are in no row; adopt those that arrived after all."""
    breaks = []
    for order in resting.values():
        row = None if order.order_id in own else desk.store.order(order.client_order_id)
        if row is not None and row.state not in UNRESOLVED:
            learn(desk, row, order, f"found on the exchange, taken for {row.state} before")
        if row is not None or order.order_id in own:
            continue
        event = _event_of(desk, order.ticker)
        if event_ticker in (None, event):
            breaks.append(Break(event, order.ticker, f"order {order.order_id} rests and is not in the store"))
    return breaks


def _positions(
    desk: Desk, event_ticker: str | None, own: dict[str, OrderRow], pending: set[str]
) -> list[Break]:
    """Return markets whose position is not the sum of the fills we booked.

    Markets with an order on its way are left out: their position may change at any moment.
    """
    event_of = {row.ticker: row.event_ticker for row in own.values()}
    booked: dict[str, Decimal] = defaultdict(Decimal)
    for fill in desk.store.fills(own.keys()):
        booked[fill["ticker"]] += fill["count"] if fill["book_side"] == "bid" else -fill["count"]
    rows = list(desk.exchange.positions(event_ticker=event_ticker))
    if event_ticker is None:
        desk.positions = rows
    held = {row.ticker: row.position_fp for row in rows}
    gone = {ticker for ticker, count in booked.items() if count and ticker not in held}
    settled = _settled(desk, gone, own) if gone else set()
    breaks = []
    for ticker in sorted({*booked, *held} - pending - settled):
        if held.get(ticker, ZERO) != booked[ticker]:
            event = event_of.get(ticker) or _event_of(desk, ticker)
            what = f"the exchange shows a position of {held.get(ticker, ZERO)}, our fills say {booked[ticker]}"
            breaks.append(Break(event, ticker, what))
    return breaks


def _settled(desk: Desk, gone: set[str], own: dict[str, OrderRow]) -> set[str]:
    """Return which of the markets *gone* were settled, booking their settlements."""
    missing = gone - desk.store.settled_tickers()
    if missing:
        oldest: datetime = min(row.created_at for row in own.values() if row.ticker in missing)
        found = desk.exchange.settlements(min_ts=int(oldest.timestamp()) - 60)
        desk.store.book_settlements([_row_of(desk, one) for one in found if one.ticker in missing])
    return gone & desk.store.settled_tickers()


def _row_of(desk: Desk, one: Settlement) -> SettlementRow:
    """Return what is booked; the value of a scalar result is read where it is exact: at the market."""
    value = YES_VALUES.get(one.market_result)
    if value is None:
        value = desk.exchange.market(one.ticker).settlement_value_dollars
    return SettlementRow(
        ticker=one.ticker, event_ticker=one.event_ticker, result=one.market_result, yes_count=one.yes_count_fp,
        no_count=one.no_count_fp, revenue=Decimal(one.revenue) / 100, fee=one.fee_cost, settled_at=one.settled_time,
        yes_value=value,
    )  # fmt: skip


def _keep_locks(desk: Desk, event_ticker: str | None, breaks: list[Break]) -> None:
    now = desk.clock()
    reasons: dict[str, str] = {}
    for found in breaks:
        reasons.setdefault(found.event_ticker, str(found))
    for scope, reason in desk.store.locks(now, set_by=RECONCILIATION).items():
        if event_ticker in (None, scope) and reasons.get(scope) != reason:
            desk.store.unlock(scope, set_by=RECONCILIATION)
    for scope, reason in reasons.items():
        desk.store.lock(scope, reason, set_at=now, set_by=RECONCILIATION, mode=REDUCE_ONLY)


def _event_of(desk: Desk, ticker: str) -> str:
    try:
        return desk.exchange.market(ticker).event_ticker
    except ExchangeError:
        return ticker.rpartition("-")[0]


def _name(row: OrderRow) -> str:
    return f"order {row.order_id or row.client_order_id}"
