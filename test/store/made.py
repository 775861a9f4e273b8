"""Rows and fills for the tests of the store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from kalshi.exchange.models import Fill
from kalshi.store.rows import OrderRow

D = Decimal
NOW = datetime(2026, 10, 5, 14, 0, 0, 123456, tzinfo=UTC)


def row(**changes: Any) -> OrderRow:
    values: dict[str, Any] = dict(
        client_order_id="one", run_id="run-1", strategy="tsa", run_date=date(2026, 10, 5), event_ticker="E-1",
        ticker="E-1-A2.50", side="yes", price=D("0.3001"), count=D("10.00"), purpose="entry", generation=1,
        reduces=False, strike_type="greater", floor_strike=D(2500000), cap_strike=None, exchange_index=0,
        fee_bound=D("0.15"), created_at=NOW, updated_at=NOW, remaining=D("10.00"),
    )
    return OrderRow(**{**values, **changes})


def fill(fill_id: str, **changes: Any) -> Fill:
    values: dict[str, Any] = dict(
        fill_id=fill_id, trade_id=fill_id, order_id="there", ticker="E-1-A2.50", market_ticker="E-1-A2.50",
        exchange_index=0, outcome_side="yes", book_side="bid", count_fp=D(1), yes_price_dollars=D("0.30"),
        no_price_dollars=D("0.70"), fee_cost=D("0.0147"), is_taker=True, created_time=NOW,
    )
    return Fill(**{**values, **changes})
