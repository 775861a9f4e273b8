"""What the market quoted: candles and results of past events, in the shape the simulation reads.

From CSV files (`kxtsaw_candles_1d.csv` and `kxtsaw_markets.csv` in the notes) or from the candle store.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from kalshi.errors import ConfigError, DataError
from kalshi.history.quote_candle import QuoteCandle as QuoteCandle  # part of what this module offers
from kalshi.tsa.contracts import strike_in_ticker
from kalshi.tsa.weeks import market_window, parse_event_ticker

ONE, ZERO = Decimal(1), Decimal(0)
CANDLE_COLUMNS = ("ticker", "end_period_ts", "yes_bid_close_dollars", "yes_ask_close_dollars")
RANGE_COLUMNS = ("yes_bid_high_dollars", "yes_ask_low_dollars", "price_low_dollars", "price_high_dollars")
MARKET_COLUMNS = ("ticker", "result")
DAY_MINUTES = 1440


@dataclass(frozen=True)
class MarketHistory:
    """One market: strike in passengers, `result` by the exchange (yes, no, or empty), candles by time."""

    ticker: str
    strike: int
    result: str
    candles: tuple[QuoteCandle, ...]

    @property
    def strike_type(self) -> str:
        """YES pays strictly above the strike."""
        return "greater"

    @property
    def floor_strike(self) -> Decimal:
        """The strike as the exchange states it."""
        return Decimal(self.strike)

    def first_candle(self, after: datetime, until: datetime) -> QuoteCandle | None:
        """Return the first candle that ends after *after* and not later than *until* (both aware)."""
        low, high = after.timestamp(), until.timestamp()
        return next((candle for candle in self.candles if low < candle.end_ts <= high), None)

    def last_candle(self, after: datetime, until: datetime) -> QuoteCandle | None:
        """Return the last candle that ends after *after* and not later than *until* (both aware)."""
        low, high = after.timestamp(), until.timestamp()
        return next((candle for candle in reversed(self.candles) if low < candle.end_ts <= high), None)


@dataclass(frozen=True)
class EventHistory:
    """One event: trading from open_at to close_at (aware UTC), markets by ascending strike.

    has_results: whether the source knows results at all; without, an outcome follows from the counts.
    """

    event_ticker: str
    sunday: date
    open_at: datetime
    close_at: datetime
    markets: tuple[MarketHistory, ...]
    has_results: bool = True


def quote_trouble(quote: QuoteCandle | None) -> str:
    """Return why nothing can be traded at *quote*, the first after a decision; empty where it can."""
    if quote is None:
        return "no candle between decision and close"
    if quote.is_null:
        return "the exchange gives no quotes for this candle (old event)"
    if quote.bid is None and quote.ask is None:
        return "empty book (0 / 1)"
    if quote.bid is not None and quote.ask is not None and quote.bid >= quote.ask:
        return "crossed quotes"
    return ""


def read_history(
    candles_csv: Path, markets_csv: Path | None, *, start: date, end: date, interval: int = DAY_MINUTES
) -> list[EventHistory]:
    """Return the events whose Sunday lies in start..end (inclusive) from files, oldest first.

    interval: minutes of a candle; DataError where the file holds others. markets_csv: tickers, results and,
    where there are such columns, strikes and closing times; without it the markets are those with candles, and
    none has a result.
    Raises ConfigError for an absent file, DataError naming file, line and column.
    """
    candles = _read_candles(candles_csv, start, end)
    _check_interval(candles_csv, candles, interval)
    if markets_csv is None:
        rows: Iterable[tuple[str, str, datetime | None]] = ((ticker, "", None) for ticker in candles)
    else:
        rows = read_markets(markets_csv, start, end)
    return build_events(rows, candles, has_results=markets_csv is not None)


def build_events(
    markets: Iterable[tuple[str, str, datetime | None]],
    candles: Mapping[str, Iterable[QuoteCandle]],
    *,
    has_results: bool = True,
    opened: Mapping[str, datetime] | None = None,
) -> list[EventHistory]:
    """Return events from (ticker, result, close time or None) rows and the candles of each ticker.

    opened: real opening times by event ticker; else Monday 10:00 New York is assumed.
    """
    events: dict[str, list[MarketHistory]] = {}
    closes: dict[str, datetime] = {}
    for ticker, result, close_at in markets:
        event_ticker = ticker.rsplit("-", 1)[0]
        ordered = tuple(sorted(candles.get(ticker, ()), key=lambda candle: candle.end_ts))
        market = MarketHistory(ticker, strike_in_ticker(ticker), result, ordered)
        events.setdefault(event_ticker, []).append(market)
        if close_at is not None:
            closes[event_ticker] = min(close_at, closes.get(event_ticker, close_at))
    found = []
    for event_ticker, ladder in events.items():
        sunday = parse_event_ticker(event_ticker)
        window = market_window(sunday)
        found.append(
            EventHistory(
                event_ticker,
                sunday,
                (opened or {}).get(event_ticker, window[0]),
                closes.get(event_ticker, window[1]),
                tuple(sorted(ladder, key=lambda market: market.strike)),
                has_results,
            )
        )
    return sorted(found, key=lambda event: event.sunday)


def _read_candles(path: Path, start: date, end: date) -> dict[str, list[QuoteCandle]]:
    found: dict[str, list[QuoteCandle]] = {}
    seen: set[tuple[str, int]] = set()
    for line, row in _rows(path, CANDLE_COLUMNS):
        ticker = row["ticker"]
        try:
            end_ts = int(row["end_period_ts"])
        except ValueError:
            stamp = row["end_period_ts"]
            raise DataError(f"{path}: line {line}: end_period_ts is {stamp!r}, not Unix seconds") from None
        if (ticker, end_ts) in seen:
            raise DataError(f"{path}: line {line}: {ticker} has two candles that end at {end_ts}")
        seen.add((ticker, end_ts))
        if start <= _sunday(path, line, ticker) <= end:
            quotes = (_price(path, line, row, name) for name in (*CANDLE_COLUMNS[2:], *RANGE_COLUMNS))
            found.setdefault(ticker, []).append(QuoteCandle(end_ts, *quotes))
    if not seen:
        raise DataError(f"{path} holds no candles, only the header")
    return found


def read_markets(path: Path, start: date, end: date) -> Iterator[tuple[str, str, datetime | None]]:
    """Yield (ticker, result in lower case, close time or None) of the events whose Sunday lies in start..end.

    Raises ConfigError for an absent file, DataError naming file, line and column.
    """
    seen: set[str] = set()
    for line, row in _rows(path, MARKET_COLUMNS):
        ticker, result = row["ticker"], row["result"].strip().lower()
        if ticker in seen:
            raise DataError(f"{path}: line {line}: {ticker} occurs twice")
        seen.add(ticker)
        if row.get("strike_type") not in (None, "", "greater"):
            raise DataError(f"{path}: line {line}: strike_type is {row['strike_type']!r}, expected greater")
        if not start <= _sunday(path, line, ticker) <= end:
            continue
        _check_strike(path, line, row.get("floor_strike"), ticker)
        yield ticker, result, _moment(path, line, row.get("close_time_utc"))


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not reader.fieldnames:
                raise DataError(f"{path} is empty: expected a first line with {', '.join(columns)}")
            missing = [name for name in columns if name not in reader.fieldnames]
            if missing:
                raise DataError(
                    f"{path}: line 1: column {missing[0]} is missing: see reference/backtesting.md"
                )
            for row in reader:
                if None in row or None in row.values():
                    raise DataError(f"{path}: line {reader.line_num}: not as many cells as the header has")
                yield reader.line_num, row
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"{path} is no file: name a CSV file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: can not be read as CSV ({error})") from None


def _sunday(path: Path, line: int, ticker: str) -> date:
    try:
        strike_in_ticker(ticker)
        return parse_event_ticker(ticker)
    except DataError as error:
        raise DataError(f"{path}: line {line}: {error}") from None


def _check_strike(path: Path, line: int, stated: str | None, ticker: str) -> None:
    try:
        if stated and abs(Decimal(stated) - strike_in_ticker(ticker)) > 1:
            raise DataError(f"{path}: line {line}: floor_strike {stated} contradicts the ticker {ticker}")
    except InvalidOperation:
        raise DataError(f"{path}: line {line}: floor_strike is {stated!r}, not a number") from None


def _price(path: Path, line: int, row: Mapping[str, str], name: str) -> Decimal | None:
    text = row.get(name, "").strip()
    if not text:
        return None
    try:
        price = Decimal(text)
        if ZERO <= price <= ONE:  # raises for NaN
            return price
    except InvalidOperation:
        pass
    raise DataError(f"{path}: line {line}: {name} is {text!r}, expected dollars from 0 to 1")


def _moment(path: Path, line: int, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DataError(f"{path}: line {line}: close_time_utc is {text!r}, not an ISO time") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _check_interval(path: Path, candles: Mapping[str, list[QuoteCandle]], interval: int) -> None:
    """Refuse a file of other candles than asked for; a day of 23 hours is a day."""
    gaps = [
        (later - earlier) // 60
        for series in candles.values()
        for earlier, later in pairwise(sorted(candle.end_ts for candle in series))
    ]
    if not gaps:
        return
    shortest = min(gaps)
    fits = shortest >= interval - 60 if interval == DAY_MINUTES else shortest % interval == 0
    if not fits or (interval < DAY_MINUTES and shortest >= DAY_MINUTES - 60):
        raise DataError(
            f"{path}: its candles are {shortest} minutes apart, not {interval}: change --interval"
        )
