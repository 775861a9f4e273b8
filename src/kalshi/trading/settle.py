"""Booking what settled markets paid, and comparing it with our fills."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.exchange.models import Settlement
from kalshi.store.rows import SettlementRow

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

YES_VALUES = {"yes": Decimal(1), "no": Decimal(0)}
ZERO = Decimal(0)
# So long a settlement of other counts than ours is a break; afterwards it is history.
STAYS_A_BREAK = timedelta(days=7)


def book_settled(desk: Desk, gone: Collection[str], net: dict[str, Decimal]) -> set[str]:
    """Book the settlements of markets whose position is *gone*; return which of them were settled.

    net: our contracts in each, + YES, - NO. The exchange keeps no archive of settlements: of one that is listed no
    more, result and value are read at the market.
    """
    if not gone:
        return set()
    oldest = min(one.at for one in desk.store.executions(tickers=gone))
    listed = desk.exchange.settlements(min_ts=int(oldest.timestamp()) - 60)
    rows = {one.ticker: _listed(desk, one) for one in listed if one.ticker in gone}
    for ticker in sorted(set(gone) - set(rows)):
        row = _from_market(desk, ticker, net[ticker])
        if row is not None:
            rows[ticker] = row
    desk.store.book_settlements(rows.values())
    return set(rows)


def _listed(desk: Desk, one: Settlement) -> SettlementRow:
    """Return what is booked; the value of a scalar result is read where it is exact: at the market."""
    value = YES_VALUES.get(one.market_result)
    if value is None:
        value = desk.exchange.market(one.ticker).settlement_value_dollars
    return SettlementRow(
        ticker=one.ticker, event_ticker=one.event_ticker, result=one.market_result, yes_count=one.yes_count_fp,
        no_count=one.no_count_fp, revenue=Decimal(one.revenue) / 100, fee=one.fee_cost, settled_at=one.settled_time,
        yes_value=value,
    )  # fmt: skip


def _from_market(desk: Desk, ticker: str, net: Decimal) -> SettlementRow | None:
    market = desk.exchange.market(ticker)
    value = YES_VALUES.get(market.result, market.settlement_value_dollars)
    if market.status != "finalized" or value is None or market.settlement_ts is None:
        return None
    yes, no = max(net, ZERO), max(-net, ZERO)
    return SettlementRow(
        ticker=ticker, event_ticker=market.event_ticker, result=market.result, yes_count=yes, no_count=no,
        revenue=yes * value + no * (1 - value), fee=ZERO, settled_at=market.settlement_ts, yes_value=value,
    )  # fmt: skip


def unlike_settlements(desk: Desk, event_ticker: str | None) -> Iterable[tuple[SettlementRow, Decimal]]:
    """Return recent settlements whose counts are not what our fills add up to, with our sum."""
    since = desk.clock() - STAYS_A_BREAK
    recent = {
        row.ticker: row
        for row in desk.store.settlements().values()
        if row.settled_at >= since and event_ticker in (None, row.event_ticker)
    }
    if not recent:
        return []
    net = dict.fromkeys(recent, ZERO)
    for one in desk.store.executions(tickers=recent):
        net[one.ticker] += one.count if one.buys_yes else -one.count
    return [(row, net[ticker]) for ticker, row in recent.items() if row.yes_count - row.no_count != net[ticker]]
