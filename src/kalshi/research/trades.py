"""A backtest's trades, read from CSV: the ten columns every such file has, and the ones it may have.

What the columns mean: `prob` is the probability that the chosen `side` (yes, no) wins and `outcome` is 1
where it did; `fill_price` is the YES price of the fill in dollars, so the cost c is `fill_price` for YES and
1 - `fill_price` for NO. `count` (contracts, 1 where absent) and `fee` (dollars of the whole trade, 0 where
absent) enter `pnl` = count (outcome - c) - fee and `edge` = prob - c - fee / count. `brier` is
(prob - outcome)^2 and `logloss` is natural, with the probability clipped to [1e-9, 1 - 1e-9]. Weeks are
Monday to Sunday, by `date`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalshi.errors import ConfigError, DataError

Floats = NDArray[np.float64]

REQUIRED = ("market", "date", "side", "prob", "fill_price", "outcome", "pnl", "brier", "logloss", "edge")
REQUIRED_NUMBERS = ("prob", "fill_price", "outcome", "pnl", "brier", "logloss", "edge")
SAMPLE = "SAMPLE"
OPTIONAL_NUMBERS = ("count", "fee", "bid", "ask", "mid", "mid_after", "strike", "first_print_mean", "reached")
OPTIONAL_TEXTS = (
    "fill", "role", "entry", "result", "settlement_check", "settled_by", "event_ticker", "model", "as_of", "candle_end",
)  # fmt: skip
MAY_BE_BLANK = OPTIONAL_NUMBERS[2:]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file: the check that found it, the line (0: all of it), the text."""

    check: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.check}: {f'line {self.line}: ' if self.line else ''}{self.text}"


@dataclass(frozen=True, eq=False)
class Trades:
    """The rows of one file, one array cell or list item per row; unreadable numbers are NaN.

    lines: line numbers in the file. days: None where the date can not be read. sides: lower case.
    numbers: required columns that are present, and the optional ones (`count` and `fee` always).
    texts: the optional columns of text that are present. columns: of the file, in its order. problems: what could
    not be read. is_sample: the column `data` says that counts and quotes are the made-up SAMPLE.
    """

    source: str
    columns: tuple[str, ...]
    lines: tuple[int, ...]
    markets: tuple[str, ...]
    days: tuple[date | None, ...]
    sides: tuple[str, ...]
    numbers: Mapping[str, Floats]
    problems: tuple[Problem, ...]
    is_sample: bool = False
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, column: str) -> Floats:
        return self.numbers[column]

    @property
    def missing_columns(self) -> list[str]:
        """Return the required columns the file does not have."""
        return [name for name in REQUIRED if name not in self.columns]

    @property
    def at_mid(self) -> bool:
        """Return whether a fill is at the mid of a quote, a price nobody gets."""
        return "mid" in self.texts.get("fill", ())

    @property
    def has_fees(self) -> bool:
        """Return whether the file charges fees."""
        return "fee" in self.columns and bool(np.any(self.numbers["fee"] > 0))

    @cached_property
    def is_yes(self) -> NDArray[np.bool_]:
        """Return which rows bought YES."""
        return np.array([side == "yes" for side in self.sides], dtype=np.bool_)

    @cached_property
    def cost(self) -> Floats:
        """Return what one contract of the chosen side cost in dollars, without fee."""
        price = self.numbers["fill_price"]
        return np.where(self.is_yes, price, 1.0 - price)

    @cached_property
    def week_labels(self) -> tuple[date, ...]:
        """Return the Sundays of the weeks that occur, ascending."""
        return tuple(sorted({sunday_of(day) for day in self.days if day is not None}))

    @cached_property
    def weeks(self) -> NDArray[np.int64]:
        """Return for each row the index of its week in `week_labels`, -1 where the date is unreadable."""
        index = {week: i for i, week in enumerate(self.week_labels)}
        found = [index[sunday_of(day)] if day is not None else -1 for day in self.days]
        return np.array(found, dtype=np.int64)


def sunday_of(day: date) -> date:
    """Return the Sunday that ends the Monday-to-Sunday week of *day*."""
    return day + timedelta(days=6 - day.weekday())


def read_trades(path: Path) -> Trades:
    """Return the trades in the file at *path*.

    Raises ConfigError where there is no such file, DataError where it is no CSV, has no rows, or has none of
    the required columns. A file that lacks some of them is returned: judging it is the sanity check's job.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist: name the CSV that a backtest has written") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a directory: name the CSV that a backtest has written") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not a CSV file: it is not text in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path} can not be read ({error.strerror or error})") from None
    return parse_trades(text, str(path))


def complete_trades(path: Path) -> Trades:
    """Return the trades at *path*; DataError also where a required column is missing or a cell unreadable."""
    trades = read_trades(path)
    if trades.missing_columns:
        names = ", ".join(trades.missing_columns)
        raise DataError(f"{path}: columns are missing: {names}: give a CSV that backtest_tsa wrote")
    if trades.problems:
        raise DataError(f"{path}: {trades.problems[0]}: run analyze_backtest_sanity on it for the whole list")
    return trades


def parse_trades(text: str, source: str) -> Trades:
    """Return the trades in CSV *text*; *source* names it in messages. Raises as `read_trades`."""
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise DataError(f"{source} is not a CSV file: {error}") from None
    rows = [row for row in rows if row]
    if not rows:
        raise DataError(f"{source} is empty: run backtest_tsa again")
    columns = tuple(name.strip() for name in rows[0])
    if not set(columns) & set(REQUIRED):
        raise DataError(f"{source} is not a backtest CSV: its first line has none of {', '.join(REQUIRED)}")
    if len(set(columns)) != len(columns):
        raise DataError(f"{source}: line 1: a column name occurs twice")
    if len(rows) == 1:
        raise DataError(f"{source} holds no trades, only the header: nothing can be judged")
    return _trades(source, columns, rows[1:])


def _trades(source: str, columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Trades:
    problems: list[Problem] = []
    lines = tuple(range(2, len(rows) + 2))
    table: dict[str, list[str]] = {name: [] for name in columns}
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(columns):
            problems.append(Problem("cells", line, f"{len(row)} cells instead of {len(columns)}"))
        for name, cell in zip(columns, [*row, *[""] * len(columns)], strict=False):
            table[name].append(cell.strip())
    numbers = {}
    for name in (*REQUIRED_NUMBERS, *OPTIONAL_NUMBERS):
        if name in table:
            blank = np.nan if name in MAY_BE_BLANK else None
            numbers[name] = _numbers(name, table[name], lines, problems, blank)
    numbers.setdefault("count", np.ones(len(rows)))
    numbers.setdefault("fee", np.zeros(len(rows)))
    return Trades(
        source=source,
        columns=columns,
        lines=lines,
        markets=tuple(table.get("market", [""] * len(rows))),
        days=_days(table.get("date", [""] * len(rows)), lines, problems if "date" in table else []),
        sides=tuple(side.lower() for side in table.get("side", [""] * len(rows))),
        numbers=numbers,
        problems=tuple(problems),
        is_sample=SAMPLE in table.get("data", ()),
        texts={name: tuple(table[name]) for name in OPTIONAL_TEXTS if name in table},
    )


def _numbers(
    name: str, cells: Iterable[str], lines: Sequence[int], problems: list[Problem], blank: float | None
) -> Floats:
    found = []
    for line, cell in zip(lines, cells, strict=True):
        if not cell and blank is not None:
            found.append(blank)
            continue
        try:
            value = float(cell)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            problems.append(Problem("numbers", line, f"{name} is {cell!r}, not a number"))
            value = float("nan")
        found.append(value)
    return np.array(found, dtype=np.float64)


def _days(cells: Iterable[str], lines: Sequence[int], problems: list[Problem]) -> tuple[date | None, ...]:
    days: list[date | None] = []
    for line, cell in zip(lines, cells, strict=True):
        try:
            days.append(date.fromisoformat(cell[:10]))
        except ValueError:
            problems.append(Problem("dates", line, f"date is {cell!r}, expected YYYY-MM-DD"))
            days.append(None)
    return tuple(days)
