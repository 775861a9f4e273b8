"""The CSV of a backtest: what was traded comes from the simulation, what follows from it is computed here."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

from kalshi.research import metrics
from kalshi.research.trades import REQUIRED, Trades, parse_trades

DERIVED = ("pnl", "brier", "logloss", "edge")
DIGITS = 10


def backtest_csv(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return the CSV: the ten required columns, then *columns*.

    rows: values of the required columns but pnl, brier, logloss and edge, which are computed, and of *columns*,
    `count` and `fee` among them. None becomes an empty cell.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*REQUIRED, *columns])
    if rows:
        trades = _underived(rows)
        derived = {
            "pnl": metrics.pnl(trades),
            "brier": metrics.brier(trades["prob"], trades["outcome"]),
            "logloss": metrics.logloss(trades["prob"], trades["outcome"]),
            "edge": metrics.edge(trades),
        }
        for i, row in enumerate(rows):
            known = {**row, **{name: round(float(values[i]), DIGITS) for name, values in derived.items()}}
            writer.writerow([_text(known[name]) for name in (*REQUIRED, *columns)])
    return out.getvalue()


def trades_of(text: str, source: str) -> Trades | None:
    """Return the trades of a backtest's CSV text, None where it holds only the header."""
    return parse_trades(text, source) if text.count("\n") > 1 else None


def _underived(rows: Sequence[Mapping[str, object]]) -> Trades:
    names = [name for name in (*REQUIRED, "count", "fee") if name not in DERIVED]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([_text(row[name]) for name in names] for row in rows)
    return parse_trades(out.getvalue(), "the simulation")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float | np.floating):
        return repr(round(float(value), DIGITS))
    return str(value)
