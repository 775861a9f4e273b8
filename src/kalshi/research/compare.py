"""Two backtests side by side: canonical KPIs with absolute and percent deltas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from kalshi.research.markdown import metric, table
from kalshi.research.metrics import Interval, clustered_interval, dollars
from kalshi.research.trades import Trades

NAN = float("nan")


@dataclass(frozen=True)
class Delta:
    """One KPI of both runs. absolute: candidate - baseline. percent: of |baseline|.

    Both are NaN where a side is missing; percent also where the baseline is zero.
    """

    name: str
    baseline: float
    candidate: float
    absolute: float
    percent: float


def compare_metrics(baseline: Mapping[str, float], candidate: Mapping[str, float]) -> list[Delta]:
    """Return the KPIs that either side has, by name."""
    found = []
    for name in sorted({*baseline, *candidate}):
        old, new = baseline.get(name, NAN), candidate.get(name, NAN)
        change = new - old if math.isfinite(old) and math.isfinite(new) else NAN
        percent = change / abs(old) * 100 if old != 0 and math.isfinite(change) else NAN
        found.append(Delta(name, old, new, change, percent))
    return found


def paired_pnl(baseline: Trades, candidate: Trades) -> Interval | None:
    """Return candidate minus baseline profit on the trades both made, clustered by week; None without any.

    The same trade: market, date and side agree.
    """
    old = {key: i for i, key in enumerate(zip(baseline.markets, baseline.days, baseline.sides, strict=True))}
    keys = zip(candidate.markets, candidate.days, candidate.sides, strict=True)
    pairs = [(i, old[key]) for i, key in enumerate(keys) if key in old]
    if not pairs:
        return None
    new_rows, old_rows = (list(side) for side in zip(*pairs, strict=True))
    return clustered_interval(candidate["pnl"][new_rows] - baseline["pnl"][old_rows], candidate.weeks[new_rows])


def comparison_markdown(origin: list[tuple[str, str]], deltas: list[Delta], paired: Interval | None) -> str:
    """Return the report. origin: what was compared, as (label, text)."""
    rows = [
        (
            d.name,
            metric(d.name, d.baseline),
            metric(d.name, d.candidate),
            metric(d.name, d.absolute),
            "n/a" if math.isnan(d.percent) else f"{d.percent:+.2f} %",
        )
        for d in deltas
    ]
    parts = ["# Comparison of two TSA backtests", ""]
    parts += [f"- {label}: {text}" for label, text in origin]
    parts += ["", "## KPIs", "", table(["metric", "baseline", "candidate", "delta", "delta %"], rows), ""]
    if paired is None:
        parts += ["The two runs have no trade in common (market, date and side)."]
    else:
        parts += [
            f"On the {paired.trades} trades both made, candidate minus baseline is {dollars(paired.mean)} "
            f"a trade, 95 % interval {dollars(paired.low)} .. {dollars(paired.high)}, "
            f"clustered over {paired.weeks} weeks."
        ]
    return "\n".join([*parts, ""])
