"""Small backtest CSV files for tests: correct by an arithmetic of their own, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Iterable

TEN = ("market", "date", "side", "prob", "fill_price", "outcome", "pnl", "brier", "logloss", "edge")


def row(
    market: str, date: str, side: str, prob: float, fill_price: float, outcome: int, count: float = 1, fee: float = 0
) -> dict[str, object]:
    """Return one correct row."""
    cost = fill_price if side == "yes" else 1 - fill_price
    right = min(max(prob if outcome else 1 - prob, 1e-9), 1 - 1e-9)
    return {
        "market": market, "date": date, "side": side, "prob": prob, "fill_price": fill_price, "outcome": outcome,
        "pnl": count * (outcome - cost) - fee, "brier": (prob - outcome) ** 2, "logloss": -math.log(right),
        "edge": prob - cost - fee / count, "count": count, "fee": fee,
    }  # fmt: skip


def csv_of(rows: Iterable[dict[str, object]], columns: tuple[str, ...] = TEN) -> str:
    """Return the rows as CSV text with these columns."""
    lines = [",".join(columns), *(",".join(str(one[name]) for name in columns) for one in rows)]
    return "\n".join(lines) + "\n"


def three_weeks() -> list[dict[str, object]]:
    """Return six trades in three weeks; both sides, wins and losses."""
    return [
        row("A-1", "2026-03-22", "yes", 0.9, 0.8, 1),
        row("A-2", "2026-03-22", "no", 0.6, 0.5, 0),
        row("B-1", "2026-03-29", "yes", 0.7, 0.6, 0),
        row("B-2", "2026-03-29", "no", 0.8, 0.3, 1),
        row("C-1", "2026-04-05", "yes", 1.0, 0.95, 1),
        row("C-2", "2026-04-05", "no", 0.55, 0.4, 1),
    ]
