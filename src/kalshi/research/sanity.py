"""Invariants of a backtest's CSV: what must hold in every row, whatever the strategy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalshi.research import metrics
from kalshi.research.provenance import sha256_of
from kalshi.research.sanity_check import TOLERANCE, Check
from kalshi.research.sanity_market import market_checks
from kalshi.research.trades import REQUIRED_NUMBERS, Floats, Problem, Trades

MOST_SHOWN = 20  # problems of one check that are listed; the rest are counted


def run_checks(trades: Trades) -> list[Check]:
    """Return every check with its problems, in a fixed order."""
    missing = trades.missing_columns
    checks = [
        Check(
            "columns",
            "the ten columns are there",
            tuple(Problem("columns", 0, f"{n} is missing") for n in missing),
        ),
        _read("cells", "every row has as many cells as the header", trades, ()),
        _read("numbers", "numbers are finite, none is missing", trades, REQUIRED_NUMBERS),
        _read("dates", "dates are YYYY-MM-DD", trades, ("date",)),
        _texts(trades),
        _sides(trades),
        _between("prob", "prob lies in 0..1", trades, 0.0, 1.0),
        _between("fill_price", "fill_price lies in 0..1 dollar", trades, 0.0, 1.0),
        _outcomes(trades),
        _count_and_fee(trades),
        _duplicates(trades),
    ]
    needs_cost = ("side", "fill_price")
    checks += [
        _recomputed("pnl", "pnl = count (outcome - cost) - fee", trades, metrics.pnl, (*needs_cost, "outcome")),
        _recomputed(
            "brier",
            "brier = (prob - outcome)^2",
            trades,
            lambda t: metrics.brier(t["prob"], t["outcome"]),
            ("prob", "outcome"),
        ),
        _recomputed(
            "logloss",
            "logloss = -ln of the probability given to what happened",
            trades,
            lambda t: metrics.logloss(t["prob"], t["outcome"]),
            ("prob", "outcome"),
        ),
        _recomputed("edge", "edge = prob - cost - fee / count", trades, metrics.edge, (*needs_cost, "prob")),
        _inside_spread(trades),
    ]
    return checks + market_checks(trades)


BACKTESTS = ("tsa_backtest", "tsa_simulation", "index_backtest")


def as_written(csv: Path, trades: Trades) -> Check:
    """Return whether the file is the one its metadata describe, where a backtest left them beside it.

    Skipped without `<name>.json` of a backtest: any CSV with the ten columns may be judged.
    """
    name, meaning = "unchanged", "SHA-256 and number of trades are those of the metadata beside the file"
    beside = csv.with_suffix(".json")
    try:
        text = beside.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Check(name, meaning, (), ran=False)
    if not any(f'"{kind}"' in text for kind in BACKTESTS):
        return Check(name, meaning, (), ran=False)
    try:
        said = json.loads(text)
        [digest] = [value for key, value in said["outputs"].items() if key.endswith(".csv")]
        number = said["kpis"]["trades"] if said["kpis"] else 0
    except (ValueError, TypeError, KeyError, AttributeError):
        return Check(name, meaning, (Problem(name, 0, f"{beside} is damaged: nothing to compare with"),))
    found = []
    if number != len(trades):
        found.append(Problem(name, 0, f"{len(trades)} trades, but {beside.name} says {number}: rows were cut or added"))
    if digest != sha256_of(csv):
        found.append(Problem(name, 0, f"its SHA-256 is not the one in {beside.name}: it was changed since"))
    return Check(name, meaning, tuple(found))


def broken(checks: Iterable[Check]) -> list[Problem]:
    """Return all problems of all checks, but for those that only warn."""
    return [problem for check in checks if not check.warns for problem in check.problems]


def shown(problems: tuple[Problem, ...]) -> list[str]:
    """Return the first problems of one check as text, and how many more there are."""
    lines = [str(problem) for problem in problems[:MOST_SHOWN]]
    if len(problems) > MOST_SHOWN:
        lines.append(f"{problems[0].check}: and {len(problems) - MOST_SHOWN} more")
    return lines


def _has(trades: Trades, columns: Iterable[str]) -> bool:
    return all(name in trades.columns for name in columns)


def _where(trades: Trades, check: str, wrong: NDArray[np.bool_], text: Callable[[int], str]) -> tuple[Problem, ...]:
    return tuple(Problem(check, trades.lines[i], text(int(i))) for i in np.flatnonzero(wrong))


def _read(check: str, meaning: str, trades: Trades, needs: tuple[str, ...]) -> Check:
    found = tuple(problem for problem in trades.problems if problem.check == check)
    return Check(check, meaning, found, ran=not needs or any(name in trades.columns for name in needs))


def _texts(trades: Trades) -> Check:
    empty = np.array([not market for market in trades.markets], dtype=np.bool_)
    found = _where(trades, "market", empty, lambda i: "market is empty")
    ran = _has(trades, ("market",))
    return Check("market", "every row names its market", found if ran else (), ran)


def _sides(trades: Trades) -> Check:
    wrong = np.array([side not in ("yes", "no") for side in trades.sides], dtype=np.bool_)
    found = _where(trades, "side", wrong, lambda i: f"side is {trades.sides[i]!r}, expected yes or no")
    ran = _has(trades, ("side",))
    return Check("side", "side is yes or no", found if ran else (), ran)


def _between(name: str, meaning: str, trades: Trades, low: float, high: float) -> Check:
    if not _has(trades, (name,)):
        return Check(name, meaning, (), ran=False)
    values = trades[name]
    wrong = (values < low) | (values > high)
    return Check(name, meaning, _where(trades, name, wrong, lambda i: f"{name} is {values[i]:g}"))


def _outcomes(trades: Trades) -> Check:
    meaning = "outcome is 0 or 1"
    if not _has(trades, ("outcome",)):
        return Check("outcome", meaning, (), ran=False)
    values = trades["outcome"]
    wrong = ~np.isnan(values) & (values != 0) & (values != 1)
    return Check("outcome", meaning, _where(trades, "outcome", wrong, lambda i: f"outcome is {values[i]:g}"))


def _count_and_fee(trades: Trades) -> Check:
    count, fee = trades["count"], trades["fee"]
    found = _where(trades, "count", count <= 0, lambda i: f"count is {count[i]:g}, expected above 0")
    found += _where(trades, "fee", fee < 0, lambda i: f"fee is {fee[i]:g}, expected at least 0")
    return Check("count, fee", "contracts are positive, fees not negative (without columns: 1 and 0)", found)


def _duplicates(trades: Trades) -> Check:
    meaning = "no market occurs twice on one date (at one entry, in one role, where the file has such columns)"
    if not _has(trades, ("market", "date")):
        return Check("duplicates", meaning, (), ran=False)
    first: dict[tuple[object, ...], int] = {}
    found = []
    parts = [trades.texts[name] for name in ("entry", "role", "candle_end") if name in trades.texts]
    for line, market, day, *more in zip(trades.lines, trades.markets, trades.days, *parts, strict=True):
        if day is None:
            continue  # reported by the check of dates
        before = first.setdefault((market, day, *(more if "role" in trades.texts else ())), line)
        if before != line:
            found.append(Problem("duplicates", line, f"{market} on {day} is already in line {before}"))
    return Check("duplicates", meaning, tuple(found))


def _recomputed(
    name: str, meaning: str, trades: Trades, recompute: Callable[[Trades], Floats], needs: tuple[str, ...]
) -> Check:
    if not _has(trades, (name, *needs)):
        return Check(name, meaning, (), ran=False)
    with np.errstate(all="ignore"):  # rows that can not be computed are reported by the checks above
        expected = recompute(trades)
        scale = np.maximum(trades["count"], 1.0) if name == "pnl" else 1.0
        wrong = np.abs(trades[name] - expected) > TOLERANCE * scale
    known = np.array([side in ("yes", "no") for side in trades.sides], dtype=np.bool_)
    if "side" in needs:
        wrong &= known
    values = trades[name]
    return Check(
        name,
        meaning,
        _where(trades, name, wrong, lambda i: f"{name} is {values[i]:.9g}, recomputed {expected[i]:.9g}"),
    )


def _inside_spread(trades: Trades) -> Check:
    """Check the quote at the decision for what was taken at once, and what the market reached for what rested."""
    meaning = "fills lie inside the stated bid and ask, mid fills at the middle; what rested was reached by the market"
    found = Check("spread", meaning, ())
    if not _has(trades, ("bid", "ask", "fill_price")):
        return found
    price, bid, ask = trades["fill_price"], trades["bid"], trades["ask"]
    rested = _text_is(trades, "role", "maker")
    reached = trades.numbers.get("reached", np.full(len(trades), np.nan))
    with np.errstate(invalid="ignore"):
        not_there = np.where(trades.is_yes, price < reached - TOLERANCE, price > reached + TOLERANCE)
        outside = (price < bid - TOLERANCE) | (price > ask + TOLERANCE)
        off_mid = _text_is(trades, "fill", "mid") & (np.abs(price - (bid + ask) / 2) > TOLERANCE)
    wrong = np.where(rested, not_there, outside) | off_mid

    def said(i: int) -> str:
        if rested[i]:
            return f"fill_price {price[i]:g} rested, but the market only came to {reached[i]:g}"
        return f"fill_price {price[i]:g} is outside {bid[i]:g} .. {ask[i]:g}"

    return Check("spread", meaning, _where(trades, "spread", wrong, said))


def _text_is(trades: Trades, column: str, word: str) -> NDArray[np.bool_]:
    return np.array([cell == word for cell in trades.texts.get(column) or ("",) * len(trades)], dtype=np.bool_)
