"""Two backtests side by side: canonical KPIs with absolute and percent deltas."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from kalshi.research.markdown import metric, table
from kalshi.research.metrics import LEAST_WEEKS, Interval, clustered_interval, dollars, weekly_pnl
from kalshi.research.trades import Trades, sunday_of

NAN = float("nan")
NO_PERCENT = ("pnl_avg_ci_low", "pnl_avg_ci_high")  # where zero lies in between, a percentage says nothing
TITLE = "Comparison of two TSA backtests"
KPI_HEADERS = ("metric", "baseline", "candidate", "delta", "delta %")


@dataclass(frozen=True)
class Delta:
    """One KPI of both runs. absolute: candidate - baseline. percent: of |baseline|.

    Both are NaN where a side is missing; percent also where the baseline is zero and for the bounds of an interval.
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
        has_percent = old != 0 and math.isfinite(change) and name not in NO_PERCENT
        percent = change / abs(old) * 100 if has_percent else NAN
        found.append(Delta(name, old, new, change, percent))
    return found


@dataclass(frozen=True)
class Pairing:
    """Two runs market by market, over the union of what they traded.

    same, flipped: markets both bought, on one side or on opposite ones. only_baseline, only_candidate: markets one
    of them left out, which then won and lost nothing there. lone_weeks: weeks in which only one run traded.
    weekly: candidate minus baseline, dollars a week. shared: dollars a contract on the markets both bought, paired by
    market and clustered by week.
    """

    same: int
    flipped: int
    only_baseline: int
    only_candidate: int
    lone_weeks: int
    weekly: Interval
    is_sample: bool
    shared: Interval | None = None
    at_mid: bool = False


def pair(baseline: Trades, candidate: Trades) -> Pairing:
    """Return *candidate* beside *baseline*, paired by (market, date) and by week.

    Trades on the same side of the same market at the same price always earn the same: what distinguishes two runs
    is which markets they buy, on which side and when. So the difference is taken over all of them.
    """
    old, new = _sides(baseline), _sides(candidate)
    both = old.keys() & new.keys()
    same = sum(old[key] == new[key] for key in both)
    weekly = [dict(zip(t.week_labels, weekly_pnl(t), strict=True)) for t in (baseline, candidate)]
    weeks = sorted({*weekly[0], *weekly[1]})
    gaps = np.array([weekly[1].get(week, 0.0) - weekly[0].get(week, 0.0) for week in weeks], dtype=np.float64)
    return Pairing(
        same=same,
        flipped=len(both) - same,
        only_baseline=len(old.keys() - new.keys()),
        only_candidate=len(new.keys() - old.keys()),
        lone_weeks=len(weekly[0].keys() ^ weekly[1].keys()),
        weekly=clustered_interval(gaps, np.arange(gaps.size)),
        is_sample=baseline.is_sample or candidate.is_sample,
        shared=_shared(baseline, candidate),
        at_mid=baseline.at_mid or candidate.at_mid,
    )


def _shared(baseline: Trades, candidate: Trades) -> Interval | None:
    """Return candidate minus baseline on the markets that both bought, None where there is none."""
    old, new = _each(baseline), _each(candidate)
    both = sorted(old.keys() & new.keys())
    if not both:
        return None
    gaps = np.array([new[key] - old[key] for key in both])
    return clustered_interval(gaps, np.array([sunday_of(day).toordinal() for _, day in both]))


def _each(trades: Trades) -> dict[tuple[str, date], float]:
    """Return dollars a contract by market and date, over all its trades."""
    total: dict[tuple[str, date], tuple[float, float]] = {}
    rows = zip(trades.markets, trades.days, trades["pnl"], trades["count"], strict=True)
    for market, day, pnl, count in rows:
        if day is not None:
            before = total.get((market, day), (0.0, 0.0))
            total[market, day] = (before[0] + float(pnl), before[1] + float(count))
    return {key: pnl / count for key, (pnl, count) in total.items() if count > 0}


def _sides(trades: Trades) -> dict[tuple[str, date | None], set[str]]:
    found: dict[tuple[str, date | None], set[str]] = {}
    for market, day, side in zip(trades.markets, trades.days, trades.sides, strict=True):
        found.setdefault((market, day), set()).add(side)
    return found


def pairing_lines(pairing: Pairing) -> list[str]:
    """Return in sentences how the runs differ, and whether that is enough to prefer one."""
    p, gap = pairing, pairing.weekly
    markets = p.same + p.flipped + p.only_baseline + p.only_candidate
    lines = [
        f"Of {markets} markets in either run, {p.same} were bought on the same side by both, {p.flipped} on opposite "
        f"sides, {p.only_baseline} by the baseline alone, {p.only_candidate} by the candidate alone."
    ]
    text = f"candidate minus baseline is {dollars(gap.mean)} a week{_bounds(gap)}"
    text += f", over {gap.weeks} week{'s' * (gap.weeks != 1)}"
    if p.lone_weeks:
        text += f" ({p.lone_weeks} of them with trades of one run only, the other counted as zero)"
    lines.append(_judged(gap, text, p))
    if p.shared is not None:
        text = f"paired by market, the candidate made {dollars(p.shared.mean)} a contract more{_bounds(p.shared)}"
        text += f", over {p.shared.trades} markets that both bought in {p.shared.weeks} weeks"
        lines.append(_judged(p.shared, text, p))
    return lines


def _bounds(found: Interval) -> str:
    return "" if math.isnan(found.low) else f", 95 % interval {dollars(found.low)} .. {dollars(found.high)}"


def _judged(gap: Interval, text: str, p: Pairing) -> str:
    """Return *text* behind its verdict."""
    if p.is_sample:
        return f"Made-up SAMPLE data, no evidence of anything: {text}."
    if p.at_mid:
        return f"Fills at the mid, which nobody gets, no evidence of anything: {text}."
    if gap.weeks < LEAST_WEEKS:
        return f"Too little to judge: {text}; a verdict needs {LEAST_WEEKS} weeks."
    word = "better" if gap.low > 0 else "worse" if gap.high < 0 else ""
    return f"{f'Evidence that the candidate is {word}' if word else 'No evidence of a difference'}: {text}."


def kpi_rows(deltas: Sequence[Delta]) -> list[tuple[str, ...]]:
    """Return a row of texts for each KPI, under KPI_HEADERS."""
    return [
        (
            d.name,
            metric(d.name, d.baseline),
            metric(d.name, d.candidate),
            metric(d.name, d.absolute),
            "n/a" if math.isnan(d.percent) else f"{d.percent:+.2f} %",
        )
        for d in deltas
    ]


def comparison_markdown(
    origin: Sequence[tuple[str, str]], deltas: Sequence[Delta], pairing: Pairing | None = None
) -> str:
    """Return the report. origin: what was compared, as (label, text)."""
    parts = [f"# {TITLE}", ""]
    parts += [f"- {label}: {text}" for label, text in origin]
    parts += ["", "## KPIs", "", table(KPI_HEADERS, kpi_rows(deltas)), ""]
    if pairing:
        parts += ["## The two runs paired", "", *(f"{line}\n" for line in pairing_lines(pairing))]
    return "\n".join([*parts, ""]).rstrip("\n") + "\n"
