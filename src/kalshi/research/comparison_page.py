"""The page of a comparison: two backtests paired market by market and week by week."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kalshi.research import charts
from kalshi.research.compare import KPI_HEADERS, TITLE, Delta, Pairing, kpi_rows, pairing_lines
from kalshi.research.metrics import weekly_pnl
from kalshi.research.page import Chart, Charts, Facts, Page, Section, TableBlock, Text, Tone, plain_facts
from kalshi.research.trades import Trades


def comparison_page(
    baseline: Trades, candidate: Trades, origin: Sequence[tuple[str, str]], deltas: Sequence[Delta], pairing: Pairing
) -> Page:
    """Return the page. origin: what was compared, as (label, text)."""
    *how, verdict = pairing_lines(pairing)
    sections = [
        Section("At a glance", [Charts(_charts(baseline, candidate)), *(Text(line) for line in how)]),
        Section("KPIs", [TableBlock(KPI_HEADERS, kpi_rows(deltas))]),
        Section("What was compared", [Facts(plain_facts(origin))]),
    ]
    tone: Tone = "good" if "candidate is better" in verdict else "bad" if "candidate is worse" in verdict else "neutral"
    return Page(TITLE, verdict, sections, tone, ["SAMPLE"] if pairing.is_sample else [])


def _charts(baseline: Trades, candidate: Trades) -> list[Chart]:
    by_week = [dict(zip(one.week_labels, weekly_pnl(one), strict=True)) for one in (baseline, candidate)]
    weeks = sorted({*by_week[0], *by_week[1]})
    labels = [f"{week:%b} {week.day}" for week in weeks]
    old, new = (np.array([float(one.get(week, 0.0)) for week in weeks]) for one in by_week)
    sums = {"baseline": list(np.cumsum(old)), "candidate": list(np.cumsum(new))}
    return [
        Chart(
            "Candidate minus baseline, by week", charts.bars(labels, new - old, "dollars"),
            f"Difference of {len(weeks)} weeks; the candidate was ahead in {int((new > old).sum())}",
        ),
        Chart(
            "Sum after fees", charts.lines(labels, sums, "dollars", first="candidate", from_zero=False),
            f"Sums: baseline {old.sum():+.2f}, candidate {new.sum():+.2f} dollars",
        ),
    ]  # fmt: skip
