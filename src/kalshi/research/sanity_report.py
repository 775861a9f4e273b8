"""The sanity check as Markdown and as metadata; both show the same numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kalshi.research import metrics
from kalshi.research.markdown import metric, number, table
from kalshi.research.metrics import dollars
from kalshi.research.sanity import broken, shown
from kalshi.research.sanity_check import Check
from kalshi.research.sanity_market import warnings
from kalshi.research.trades import REQUIRED_NUMBERS, Trades


def judgeable(trades: Trades) -> bool:
    """Return whether the numbers can be computed: all columns there and every cell readable."""
    return (
        not trades.missing_columns
        and None not in trades.days
        and not any(np.isnan(trades[name]).any() for name in REQUIRED_NUMBERS)
    )


def sanity_markdown(trades: Trades, checks: list[Check], origin: list[tuple[str, str]]) -> str:
    """Return the report. origin: what was read, when, by which code, as (label, text)."""
    wrong = broken(checks)
    passed, ran = sum(check.passed for check in checks), sum(check.ran for check in checks)
    parts = ["# Sanity of a TSA backtest", "", *(f"**{mark}**\n" for mark in marks(trades))]
    if judgeable(trades):
        parts += [f"**{metrics.verdict(trades)}**", ""]
    if wrong:
        parts += [f"**Broken invariants: {len(wrong)}. Do not believe these numbers.**", ""]
    parts += [f"**Warning: {problem.text}.**\n" for problem in warnings(checks)]
    parts += [f"- {label}: {text}" for label, text in origin]
    parts += [
        f"- checks passed: {passed} of {ran}; {len(checks) - ran} skipped for want of columns",
        "",
        "## Invariants",
        "",
    ]
    rows = [(_mark(check), check.name, check.meaning, len(check.problems)) for check in checks]
    parts += [table(["", "check", "what must hold", "broken"], rows), ""]
    for check in checks:
        parts += [f"- {line}" for line in shown(check.problems)]
    parts += [""] * bool(wrong)
    if judgeable(trades):
        parts += _numbers(trades)
    else:
        parts += ["Numbers are left out: columns are missing or cells can not be read.", ""]
    return "\n".join(parts)


def marks(trades: Trades) -> list[str]:
    """Return what must stand on top of every report on *trades*."""
    return ["SAMPLE"] * trades.is_sample + ["MID FILLS, for comparison only: nobody gets them"] * trades.at_mid


def sanity_metadata(trades: Trades, checks: list[Check], provenance: dict[str, Any]) -> dict[str, Any]:
    """Return what makes the report repeatable, and its KPIs; NaN becomes null."""
    return {
        "kind": "tsa_backtest_sanity",
        **provenance,
        "passed": not broken(checks),
        "marks": marks(trades),
        "warnings": [problem.text for problem in warnings(checks)],
        "checks": [
            {
                "name": check.name,
                "ran": check.ran,
                "passed": check.passed,
                "broken": len(check.problems),
                "problems": shown(check.problems),
            }
            for check in checks
        ],
        "verdict": metrics.verdict(trades) if judgeable(trades) else None,
        "kpis": plain(metrics.key_metrics(trades)) if judgeable(trades) else None,
        "bootstrap_seed": metrics.BOOTSTRAP_SEED,
    }


def plain(values: dict[str, float]) -> dict[str, float | int | None]:
    """Return *values* for JSON: NaN as null, whole numbers as integers."""
    return {
        name: None if not math.isfinite(value) else int(value) if value == int(value) else value
        for name, value in values.items()
    }


def _mark(check: Check) -> str:
    return "PASS" if check.passed else "skipped" if not check.problems else "WARN" if check.warns else "FAIL"


def _numbers(trades: Trades) -> list[str]:
    boot = metrics.bootstrap_interval(trades["pnl"], trades.weeks)
    clustered = metrics.pnl_interval(trades)
    bins = metrics.calibration(trades["prob"], trades["outcome"], trades["pnl"])
    weekly = metrics.weekly_pnl(trades)
    below = metrics.drawdown(weekly)
    return [
        "## Key metrics",
        "",
        table(
            ["metric", "value"],
            [(name, metric(name, value)) for name, value in metrics.key_metrics(trades).items()],
        ),
        "",
        "## Mean profit a trade, clustered by week",
        "",
        table(
            ["method", "mean", "95 % low", "95 % high", "weeks", "trades"],
            [
                (i.method, dollars(i.mean), dollars(i.low), dollars(i.high), i.weeks, i.trades)
                for i in (clustered, boot)
            ],
        ),
        "",
        f"Strikes of one week share one outcome: the sample is {clustered.weeks} weeks, not {clustered.trades} trades.",
        "",
        "## By side",
        "",
        table(
            ["side", "trades", "hit rate", "avg prob", "avg cost", "avg edge", "avg pnl", "pnl"],
            [_side_row(trades, side) for side in ("yes", "no") if side in trades.sides],
        ),
        "",
        "## Calibration of the chosen side",
        "",
        calibration_table(bins),
        "",
        f"Expected calibration error: {number(metrics.expected_calibration_error(bins))}.",
        "",
        "## Stated edge against what came",
        "",
        table(
            ["edge", "trades", "avg edge", "avg pnl a contract", "hit rate"],
            [
                (f"{b.low:g} .. {b.high:g}", b.trades, b.edge_avg, b.pnl_avg, b.hit_rate)
                for b in metrics.edge_buckets(trades)
                if b.trades
            ],
        ),
        "",
        f"Correlation of edge and profit: {number(metrics.edge_correlation(trades))}.",
        "",
        "## By week",
        "",
        table(
            ["week", "trades", "pnl", "sum", "below the peak"],
            [
                (
                    str(week),
                    int((trades.weeks == i).sum()),
                    dollars(weekly[i]),
                    dollars(total),
                    dollars(below[i]),
                )
                for i, (week, total) in enumerate(zip(trades.week_labels, np.cumsum(weekly), strict=True))
            ],
        ),
        "",
    ]


def calibration_table(bins: list[metrics.Bin]) -> str:
    """Return the filled bins as a Markdown table."""
    return table(
        ["prob", "trades", "mean prob", "hit rate", "gap", "avg pnl"],
        [
            (f"{b.low:.1f} .. {b.high:.1f}", b.trades, b.mean_prob, b.hit_rate, b.gap, b.pnl_avg)
            for b in bins
            if b.trades
        ],
    )


def _side_row(trades: Trades, side: str) -> tuple[object, ...]:
    rows = np.array([one == side for one in trades.sides], dtype=np.bool_)
    each = [metrics.mean(trades[name][rows]) for name in ("outcome", "prob")]
    profit = trades["pnl"][rows]
    return (
        side,
        int(rows.sum()),
        *each,
        metrics.mean(trades.cost[rows]),
        metrics.mean(trades["edge"][rows]),
        dollars(metrics.mean(profit)),
        dollars(float(profit.sum())),
    )
