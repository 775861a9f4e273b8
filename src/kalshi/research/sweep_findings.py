"""What a sweep found: the numbers its CSV, Markdown, JSON and picture share, each computed here once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kalshi.research.metrics import LEAST_WEEKS, EdgeSplit, Interval, clustered_interval, dollars
from kalshi.research.sweep_selection import Choice, RealityCheck, reality_check, scores, walk_forward
from kalshi.research.trades import Floats

LEVEL = 0.05  # of the reality check
MOST_SHOWN = 10


@dataclass(frozen=True, eq=False)
class PlanResults:
    """Dollars, counts and parts of each plan (row) in each week (column, its Sunday in `weeks`, oldest first).

    columns: pnl, contracts, orders, filled, fees, cost, spread, adverse, forecast, promised. parameters: of a plan.
    """

    weeks: tuple[str, ...]
    columns: Mapping[str, Floats]
    parameters: Sequence[Mapping[str, object]]

    @property
    def pnl(self) -> Floats:
        """Profit after fees, dollars."""
        return self.columns["pnl"]


@dataclass(frozen=True)
class SweepFindings:
    """choices: the walk-forward, a week each; out_of_sample: their mean dollars a week. split: of those weeks.

    check: of the best plan in sample, against as many trials. traded_weeks: weeks in which any plan traded.
    """

    trials: int
    weeks: tuple[str, ...]
    traded_weeks: int
    choices: tuple[Choice, ...]
    out_of_sample: Interval
    split: EdgeSplit
    check: RealityCheck
    verdict: str


def sweep_findings(
    results: PlanResults, *, gap: int, least: int, samples: int, seed: int, mark: str = ""
) -> SweepFindings:
    """Return what *results* say. mark: `SAMPLE` or `MID` where they are evidence of nothing."""
    choices = walk_forward(results.pnl, gap=gap, least=least)
    earned = np.array([choice.out_of_sample for choice in choices])
    interval = clustered_interval(earned, np.arange(earned.size))
    check = reality_check(results.pnl, samples=samples, seed=seed)
    traded = int(results.columns["filled"].any(axis=0).sum())
    taken = [(choice.plan, choice.week) for choice in choices if choice.plan is not None]
    return SweepFindings(
        trials=results.pnl.shape[0],
        weeks=results.weeks,
        traded_weeks=traded,
        choices=choices,
        out_of_sample=interval,
        split=_split(results, taken),
        check=check,
        verdict=_verdict(interval, check, mark),
    )


def _split(results: PlanResults, taken: Sequence[tuple[int, int]]) -> EdgeSplit:
    rows, columns = [plan for plan, _ in taken], [week for _, week in taken]
    total = {name: float(values[rows, columns].sum()) for name, values in results.columns.items()}
    return EdgeSplit(
        contracts=total["contracts"], promised=total["promised"], realised=total["pnl"], forecast=total["forecast"],
        spread=total["spread"], fee=-total["fees"], adverse=total["adverse"],
    )  # fmt: skip


def _verdict(found: Interval, check: RealityCheck, mark: str) -> str:
    """Return in one sentence what the sweep is evidence of."""
    best = (
        f"the best of {check.trials:,} plans in sample made {dollars(check.mean)} a week, "
        f"reality check p = {check.p_value:.3f}"
    )
    if not found.weeks:
        return f"Too little to judge after fees: no week is left to trade out of sample; {best}."
    numbers = f"out of sample mean {dollars(found.mean)} a week"
    if found.weeks > 1:
        numbers += f", 95 % interval {dollars(found.low)} .. {dollars(found.high)}"
    numbers += f", over {found.weeks} week{'s' * (found.weeks != 1)}; {best}"
    if mark:
        what = "Made-up SAMPLE data" if mark == "SAMPLE" else "Fills at the mid, which nobody gets"
        return f"{what}, no evidence of anything: {numbers}."
    if found.weeks < LEAST_WEEKS:
        return f"Too little to judge after fees: {numbers}; a verdict needs {LEAST_WEEKS} weeks."
    if found.high < 0:
        return f"Evidence of a loss after fees: {numbers}."
    if found.low > 0 and check.p_value <= LEVEL:
        return f"Evidence of an edge after fees: {numbers}."
    return f"No evidence of an edge after fees: {numbers}."


def plan_rows(results: PlanResults, findings: SweepFindings) -> list[dict[str, object]]:
    """Return a row for each plan: what it did over all weeks, and what it made in the weeks it was chosen for.

    out_of_sample is empty for a plan that was never chosen: there is nothing to pick a plan by in it.
    """
    chosen: dict[int, list[float]] = {}
    for choice in findings.choices:
        if choice.plan is not None:
            chosen.setdefault(choice.plan, []).append(choice.out_of_sample)
    score = scores(results.pnl)
    total = {name: values.sum(axis=1) for name, values in results.columns.items()}
    rows: list[dict[str, object]] = []
    for plan, parameters in enumerate(results.parameters):
        mine = chosen.get(plan)
        rows.append(
            {
                "plan": plan,
                **parameters,
                "in_sample_pnl": round(float(total["pnl"][plan]), 6),
                "in_sample_score": round(float(score[plan]), 6),
                "weeks_traded": int((results.columns["filled"][plan] > 0).sum()),
                "orders": int(total["orders"][plan]),
                "fills": int(total["filled"][plan]),
                "contracts": int(total["contracts"][plan]),
                "promised": round(float(total["promised"][plan]), 6),
                "forecast": round(float(total["forecast"][plan]), 6),
                "spread": round(float(total["spread"][plan]), 6),
                "adverse_selection": round(float(total["adverse"][plan]), 6),
                "fee": round(-float(total["fees"][plan]), 6),
                "out_of_sample_weeks": len(mine) if mine else 0,
                "out_of_sample_pnl": round(sum(mine), 6) if mine else None,
            }
        )
    return rows


def findings_json(results: PlanResults, findings: SweepFindings) -> dict[str, Any]:
    """Return the findings for JSON; NaN becomes null."""
    found = asdict(findings.out_of_sample)
    interval = {name: None if isinstance(v, float) and np.isnan(v) else v for name, v in found.items()}
    return {
        "verdict": findings.verdict,
        "trials": findings.trials,
        "weeks": list(findings.weeks),
        "traded_weeks": findings.traded_weeks,
        "out_of_sample_dollars_a_week": interval,
        "edge_split_out_of_sample": asdict(findings.split),
        "reality_check": {**asdict(findings.check), "parameters": _parameters(results, findings.check.plan)},
        "walk_forward": [
            {**asdict(choice), "week": findings.weeks[choice.week], "parameters": _parameters(results, choice.plan)}
            for choice in findings.choices
        ],
    }


def _parameters(results: PlanResults, plan: int | None) -> dict[str, str] | None:
    return None if plan is None else {name: str(value) for name, value in results.parameters[plan].items()}
