"""Candles that fetch_tsa_history kept, as something that can be replayed: a quote at the end of each, and its extremes.

Candles tell no sizes and no order of events, so the careful reading is taken: at the end of a candle CANDLE_SIZE
contracts stand at its closing bid and ask; its lowest and highest trade reach only orders that rested before it began
and have a better limit, with half of its volume each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kalshi.errors import DataError
from kalshi.exchange.models import Event, Market, OrderBook, PriceRange, Series
from kalshi.exchange.models_market import Level
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.outside import OutsideTrade
from kalshi.paper.records import ASK, BID, ONE, ZERO

CANDLE_SIZE = Decimal(10)
HUNDREDTH = Decimal("0.01")
MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class CandleStep:
    """What happens at one time: a changed ladder, trades, books by market."""

    at: datetime
    ladder: LadderSnapshot | None = None
    trades: tuple[OutsideTrade, ...] = ()
    books: tuple[tuple[str, OrderBook], ...] = ()


def candle_steps(root: Path) -> Iterator[CandleStep]:
    """Yield, event by event, what its candles tell; not in the order of time. Raises DataError for a damaged file."""
    for path in sorted((root / "events").glob("[!.]*.parquet")):
        rows, about = _read(path)
        if not rows:
            continue
        opens, closes = min(row["open_time"] for row in rows), max(row["close_time"] for row in rows)
        yield CandleStep(opens, _ladder(path.stem, about["series_ticker"], rows, opens, "active"))
        for row in rows:
            for kept in sorted((root / "candles").glob(f"{row['ticker']}_*.parquet")):
                yield from _of_market(row["ticker"], kept)
        if all(row["result"] for row in rows):
            yield CandleStep(
                closes + timedelta(hours=10),
                _ladder(path.stem, about["series_ticker"], rows, closes + timedelta(hours=10), "finalized"),
            )


def _of_market(ticker: str, path: Path) -> Iterator[CandleStep]:
    rows, about = _read(path)
    length = timedelta(minutes=about["request"]["period_minutes"])
    for row in rows:
        at = datetime.fromtimestamp(row["end_period_ts"], UTC)
        began = at - length
        half = (row["volume"] / 2).quantize(HUNDREDTH, rounding=ROUND_FLOOR)
        trades = tuple(
            OutsideTrade(ticker, row[name], half, side, began + timedelta(seconds=1), through_only=True)
            for name, side in (("price_low", ASK), ("price_high", BID))
            if row[name] is not None and half > 0
        )
        bid, ask = row["yes_bid_close"], row["yes_ask_close"]
        book = OrderBook(
            yes_dollars=[Level(bid, CANDLE_SIZE)] if bid is not None and 0 < bid < ONE else [],
            no_dollars=[Level(ONE - ask, CANDLE_SIZE)] if ask is not None and 0 < ask < ONE else [],
        )
        yield CandleStep(at, None, trades, ((ticker, book),))


def _ladder(name: str, series_ticker: str, rows: list[Any], as_of: datetime, status: str) -> LadderSnapshot:
    series = Series(
        ticker=series_ticker,
        title=f"RECORDED: {series_ticker}",
        category="",
        fee_type="quadratic",
        fee_multiplier=ONE,
        frequency="custom",
    )
    event = Event(
        event_ticker=name,
        series_ticker=series_ticker,
        title=f"RECORDED: {name}",
        sub_title="",
        mutually_exclusive=any(_strike(row)[0] == "between" for row in rows),
        collateral_return_type="",
    )
    markets = tuple(_market(name, row, status) for row in rows)
    return LadderSnapshot("recorded candles", as_of, series, event, markets, {})


def _market(event_ticker: str, row: Any, status: str) -> Market:
    kind, floor, cap = _strike(row)
    return Market(
        ticker=row["ticker"],
        event_ticker=event_ticker,
        market_type="binary",
        status=status,
        result=row["result"] if status == "finalized" else "",
        open_time=row["open_time"],
        close_time=row["close_time"],
        latest_expiration_time=row["close_time"] + timedelta(days=7),
        settlement_timer_seconds=3600,
        can_close_early=True,
        expiration_value="",
        yes_bid_dollars=ZERO,
        yes_ask_dollars=ONE,
        no_bid_dollars=ZERO,
        no_ask_dollars=ONE,
        last_price_dollars=ZERO,
        yes_bid_size_fp=ZERO,
        yes_ask_size_fp=ZERO,
        volume_fp=ZERO,
        volume_24h_fp=ZERO,
        open_interest_fp=ZERO,
        notional_value_dollars=ONE,
        price_level_structure="linear_cent",
        price_ranges=[PriceRange(start=ZERO, end=ONE, step=HUNDREDTH)],
        yes_sub_title=f"{kind} {' '.join(f'{one:,f}' for one in (floor, cap) if one is not None)}",
        strike_type=kind,
        floor_strike=floor,
        cap_strike=cap,
        created_time=row["open_time"],
        updated_time=row["open_time"],
    )


def _strike(row: Any) -> tuple[str, Decimal | None, Decimal | None]:
    """Return (type, floor, cap); files of earlier versions keep none, then the ticker of a TSA market tells it.

    Raises DataError where neither does.
    """
    if row.get("strike_type"):
        return row["strike_type"], _plain(row["floor_strike"]), _plain(row["cap_strike"])
    found = re.fullmatch(r"[AT](\d+(?:\.\d+)?)", row["ticker"].rpartition("-")[2], re.ASCII)
    if found is None or "TSAW-" not in row["ticker"]:
        raise DataError(f"no strike of {row['ticker']} was kept: fetch the event again")
    number = Decimal(found[1])
    return "greater", number * MILLION if number < 1000 else number, None  # A2.50 and T2500000 are the same


def _plain(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.normalize() + ZERO


def _read(path: Path) -> tuple[list[Any], dict[str, Any]]:
    try:
        table = pq.read_table(path, partitioning=None)
        about: dict[str, Any] = json.loads(table.schema.metadata[b"kalshi"])
        return table.to_pylist(), about
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({type(error).__name__}): remove it and run fetch_tsa_history") from None
