"""The downloaded history of an index: a Parquet file that grows year by year and is asked of nobody twice.

Every part that arrived is kept before the next one is asked for, so a download that is killed goes on where it
was. Only sessions of the exchange's calendar with possible bars are kept; what is missing or doubtful is named
by the check, and asked for again at the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from kalshi.atomic import replacing
from kalshi.errors import DataError
from kalshi.index.history import Bar, DailyCloses, check_history, doubtful, load_closes

SOURCE = "yfinance"
COLUMNS = ("open", "high", "low", "close")

# (symbol, first day, last day, both inclusive) -> bars, oldest first
Download = Callable[[str, date, date], list[Bar]]


def cache_path(data_dir: Path, symbol: str) -> Path:
    """Return where the downloaded history of *symbol* is kept."""
    return data_dir / f"index_{symbol.strip('^').lower()}_daily.parquet"


def history_of(
    symbol: str, sessions: Sequence[date], *, file: Path | None, cache: Path, download: Download | None
) -> DailyCloses | None:
    """Return the closes of exactly *sessions* (oldest first), or None when there is no source at all.

    file: a CSV, used alone when given. Otherwise the cache, topped up through *download* (None: no network).
    Raises DataError naming the sessions that are missing or doubtful.
    """
    first, last = sessions[0], sessions[-1]
    if file is not None:
        return check_history(load_closes(file, symbol).between(first, last), sessions)
    kept = read_cache(cache, symbol)
    reasons: list[str] = []
    if download is not None:
        kept = _topped_up(kept, sessions, cache, download, reasons)
    if not kept.bars and not reasons:
        return None
    try:
        return check_history(kept.between(first, last), sessions)
    except DataError as error:
        raise DataError("; ".join([str(error), *reasons])) from None


def read_cache(path: Path, symbol: str) -> DailyCloses:
    """Return the kept bars, none where there is no file. Raises DataError for a file that is not ours."""
    if not path.exists():
        return DailyCloses(symbol, (), SOURCE)
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path, columns=["date", *COLUMNS]).to_pylist()
        bars = tuple(Bar(row["date"], row["close"], row["open"], row["high"], row["low"]) for row in table)
        if not all(isinstance(bar.day, date) and isinstance(bar.close, float) for bar in bars):
            raise TypeError("other columns than date and prices")
    except (OSError, ValueError, KeyError, TypeError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} is no history of ours ({error}): delete it, it is downloaded again") from None
    return DailyCloses(symbol, bars, SOURCE)


def save_cache(path: Path, history: DailyCloses) -> None:
    """Write *history* to *path*, whole or not at all."""
    import pyarrow
    import pyarrow.parquet

    prices = {name: pyarrow.array([getattr(b, name) for b in history.bars], pyarrow.float64()) for name in COLUMNS}
    table = pyarrow.table({"date": pyarrow.array(history.days, pyarrow.date32()), **prices})
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        pyarrow.parquet.write_table(table, temporary)


def _topped_up(
    kept: DailyCloses, sessions: Sequence[date], cache: Path, download: Download, reasons: list[str]
) -> DailyCloses:
    wanted, bars = set(sessions), {bar.day: bar for bar in kept.bars}
    for first, last in _spans([day for day in sessions if day not in bars]):
        try:
            fetched = download(kept.symbol, first, last)
        except DataError as error:
            reasons.append(str(error))
            break
        # In the light of what is kept: a jump shows only beside its neighbours.
        together = bars | {bar.day: bar for bar in fetched if bar.day in wanted and bar.day not in bars}
        doubts = {day: why for day, why in doubtful(list(together.values())).items() if day not in bars}
        reasons += doubts.values()
        bars = {day: bar for day, bar in sorted(together.items()) if day not in doubts}
        kept = DailyCloses(kept.symbol, tuple(bars.values()), kept.source)
        save_cache(cache, kept)
    return kept


def _spans(lacking: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Yield first and last day of what is lacking, year by year."""
    for _, days in groupby(lacking, key=lambda day: day.year):
        span = list(days)
        yield span[0], span[-1]
