"""Past events of the exchange, kept as Parquet files so that a fetch can be interrupted and goes on.

One file per answer: `events/<event>.parquet` holds an event's markets with their results,
`candles/<ticker>_<start>_<end>_<minutes>m[_latest].parquet` the candles of one whole request, which is repeated
inside the file. A file is written to a temporary name, flushed to disk and renamed, so it is there whole or
not at all; what was fetched before its event was settled is marked and fetched again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kalshi.atomic import replacing
from kalshi.errors import DataError, StoreError
from kalshi.exchange.candles import Candle
from kalshi.history.quote_candle import QuoteCandle

FORMAT = 1
_PRICE = pa.decimal128(12, 6)
_COUNT = pa.decimal128(20, 6)
_QUOTES = ("open", "low", "high", "close")
CANDLE_SCHEMA = pa.schema(
    [
        ("end_period_ts", pa.int64()),
        *((f"{side}_{name}", _PRICE) for side in ("yes_bid", "yes_ask") for name in _QUOTES),
        *((f"price_{name}", _PRICE) for name in (*_QUOTES, "mean", "previous")),
        ("volume", _COUNT),
        ("open_interest", _COUNT),
    ]
)
_READ = ("end_period_ts", "yes_bid_close", "yes_ask_close", "yes_bid_high", "yes_ask_low", "price_low", "price_high")
EVENT_SCHEMA = pa.schema(
    [
        ("ticker", pa.string()),
        ("result", pa.string()),
        ("status", pa.string()),
        ("open_time", pa.timestamp("us", tz="UTC")),
        ("close_time", pa.timestamp("us", tz="UTC")),
        ("strike_type", pa.string()),
        ("floor_strike", _COUNT),
        ("cap_strike", _COUNT),
        ("expiration_value", pa.string()),
    ]
)
STALE_TEMPORARY = timedelta(hours=1)


@dataclass(frozen=True)
class CandleRequest:
    """Everything that decides the answer: Unix seconds (both ends inclusive) and minutes of a candle."""

    series_ticker: str
    ticker: str
    start_ts: int
    end_ts: int
    period_minutes: int
    include_latest_before_start: bool = False

    @property
    def file_name(self) -> str:
        """The name of the file that keeps the answer."""
        latest = "_latest" if self.include_latest_before_start else ""
        return f"{self.ticker}_{self.start_ts}_{self.end_ts}_{self.period_minutes}m{latest}.parquet"


@dataclass(frozen=True)
class StoredMarket:
    """What is kept of a market: its result (empty while it has none), its times (aware UTC) and its strike.

    The strike, and the value it settled at, are empty in files of versions that did not keep them.
    """

    ticker: str
    result: str
    status: str
    open_time: datetime
    close_time: datetime
    strike_type: str | None = None
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None
    expiration_value: str | None = None


@dataclass(frozen=True)
class StoredEvent:
    """The markets of one event; `final` once all have a result and nothing will change."""

    event_ticker: str
    series_ticker: str
    markets: tuple[StoredMarket, ...]
    final: bool

    def request(self, market: StoredMarket, period_minutes: int) -> CandleRequest:
        """Return the request for all candles of *market*, from its opening to the candle over its close."""
        end = int(market.close_time.timestamp()) + period_minutes * 60
        start = int(market.open_time.timestamp())
        return CandleRequest(self.series_ticker, market.ticker, start, end, period_minutes)


class CandleStore:
    """The files below one directory.

    event_day: the day an event belongs to, from its ticker; DataError for one it can not place.
    command: what fetches again, for messages.
    """

    def __init__(self, root: Path, event_day: Callable[[str], date], *, command: str) -> None:
        self.root = root
        self._event_day = event_day
        self._command = command

    def event_tickers(self, start: date, end: date) -> list[str]:
        """Return the kept events whose day lies in start..end (inclusive), oldest first."""
        found = [path.stem for path in (self.root / "events").glob("*.parquet") if path.name[0] != "."]
        return sorted(
            (t for t in found if start <= self._event_day(t) <= end), key=lambda t: (self._event_day(t), t)
        )

    def event(self, event_ticker: str) -> StoredEvent | None:
        """Return a kept event, None where there is none. Raises DataError for a damaged file."""
        found = self._read(self.event_file(event_ticker))
        if found is None:
            return None
        table, about = found
        rows = tuple(StoredMarket(**row) for row in table.to_pylist())
        return StoredEvent(event_ticker, about["series_ticker"], rows, about["final"])

    def save_event(self, event: StoredEvent) -> None:
        """Keep *event*, in place of what was known of it."""
        table = pa.Table.from_pylist([asdict(market) for market in event.markets], schema=EVENT_SCHEMA)
        about = {"series_ticker": event.series_ticker, "final": event.final}
        self._write(self.event_file(event.event_ticker), table, about)

    def candles(self, request: CandleRequest, *, final: bool = False) -> list[QuoteCandle] | None:
        """Return the quotes kept for *request*, None where it was not fetched.

        final: None also where the answer was fetched before the market's last candle was complete.
        Raises DataError for a damaged file.
        """
        found = self._read(self.root / "candles" / request.file_name)
        if found is None or (final and not found[1]["final"]):
            return None
        table, about = found
        if about["request"] != asdict(request):
            raise DataError(
                f"{self.root / 'candles' / request.file_name}: answers another request: remove it"
            )
        columns = (table.column(name).to_pylist() for name in _READ)
        return [QuoteCandle(*cells) for cells in zip(*columns, strict=True)]

    def has_final(self, request: CandleRequest) -> bool:
        """Return whether nothing is left to fetch for *request*; a damaged file counts as not fetched."""
        try:
            return self.candles(request, final=True) is not None
        except DataError:
            return False

    def save_candles(self, request: CandleRequest, candles: Iterable[Candle], *, final: bool) -> None:
        """Keep the answer to *request*; final: whether the market was closed when it was fetched."""
        table = pa.Table.from_pylist([_row(candle) for candle in candles], schema=CANDLE_SCHEMA)
        about = {"request": asdict(request), "final": final}
        self._write(self.root / "candles" / request.file_name, table, about)

    def candle_file(self, event: StoredEvent, market: StoredMarket, period_minutes: int) -> Path:
        """Return where the candles of *market* are kept, or would be."""
        return self.root / "candles" / event.request(market, period_minutes).file_name

    def event_file(self, event_ticker: str) -> Path:
        """Return where the markets of an event are kept, or would be."""
        return self.root / "events" / f"{event_ticker}.parquet"

    def files(self, start: date, end: date, period_minutes: int) -> list[Path]:
        """Return the files kept of the period, for checksums."""
        found = []
        for event_ticker in self.event_tickers(start, end):
            found.append(self.event_file(event_ticker))
            event = self.event(event_ticker)
            for market in event.markets if event else ():
                path = self.candle_file(event, market, period_minutes) if event else None
                if path is not None and path.exists():
                    found.append(path)
        return found

    def sweep(self, now: datetime) -> None:
        """Remove temporary files that a killed process left an hour ago or earlier."""
        for path in self.root.glob("*/.*.tmp"):
            if path.stat().st_mtime < (now - STALE_TEMPORARY).timestamp():
                path.unlink(missing_ok=True)

    def _read(self, path: Path) -> tuple[pa.Table, dict[str, Any]] | None:
        try:
            table = pq.read_table(path, partitioning=None)
            about = json.loads(table.schema.metadata[b"kalshi"])
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(f"{path} is damaged ({reason}): remove it and run {self._command}") from None
        return (table, about) if about.get("format") == FORMAT else None

    def _write(self, path: Path, table: pa.Table, about: dict[str, Any]) -> None:
        text = json.dumps({"format": FORMAT, **about})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                pq.write_table(table.replace_schema_metadata({"kalshi": text}), temporary)
        except OSError as error:
            raise StoreError(f"{path} can not be written ({error.strerror or error})") from None


def _row(candle: Candle) -> dict[str, int | Decimal | None]:
    row: dict[str, int | Decimal | None] = {"end_period_ts": candle.end_period_ts}
    for side in ("yes_bid", "yes_ask"):
        row |= {f"{side}_{name}": _six(getattr(getattr(candle, side), name)) for name in _QUOTES}
    row |= {f"price_{name}": _six(getattr(candle.price, name)) for name in (*_QUOTES, "mean", "previous")}
    return row | {"volume": _six(candle.volume), "open_interest": _six(candle.open_interest)}


def _six(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.000001"))
