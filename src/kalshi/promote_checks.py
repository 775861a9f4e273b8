"""The check list of a promotion: calibration, look-ahead, the baseline, the market out of sample, and costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np

from kalshi.research.market_score import Quotes, score_against_mid
from kalshi.research.metrics import LEAST_WEEKS, clustered_interval, dollars
from kalshi.tsa.backtest import Settings, run_backtest
from kalshi.tsa.evaluation import Row, difference, evaluate, scores
from kalshi.tsa.lookahead import hunt
from kalshi.tsa.model_registry import CheckItem
from kalshi.tsa.point_in_time import Forecasts
from kalshi.tsa.quotes import EventHistory
from kalshi.tsa.replay_fast import replay_fast
from kalshi.tsa.tape import tape_of
from kalshi.tsa.trading_plan import Plan
from kalshi.tsa.trading_week import trading_week
from kalshi.tsa.vintages import Vintages

BASELINE = "earlier_fixed"
HORIZONS = ("k0", "k1", "k2", "k3", "k4")
LEVELS = (50, 80, 95)
SLACK = 3.0  # points of coverage; or two standard errors of the share, what is more
ENTRIES = ("mon", "tue", "wed", "thu", "fri")  # when the bot may be run
Progress = Callable[[str], object]


def forecast_items(
    vintages: Vintages, model: str, *, first: date, last: date, every: int, progress: Progress
) -> tuple[list[CheckItem], dict[str, Any]]:
    """Return the items of level `forecast` and the KPIs behind them, from a walk-forward over first..last."""
    done = evaluate(
        vintages, dict.fromkeys((model, BASELINE)), first=first, last=last, horizons=HORIZONS, progress=progress
    )
    by_horizon = {horizon: done.of(model, horizon) for horizon in HORIZONS}
    leaks = hunt(vintages, [model], first=first, last=last, every=every, progress=progress)
    compared = sum(leaks.compared.values())
    items = [
        calibration_item(by_horizon),
        CheckItem(
            "look-ahead", "forecast", compared > 0 and not leaks.leaks,
            f"{len(leaks.leaks)} of {compared} forecasts changed when the future was cut off or spoiled",
        ),
        baseline_item(model, by_horizon, {horizon: done.of(BASELINE, horizon) for horizon in HORIZONS}),
    ]  # fmt: skip
    kpis = {
        horizon: {name: round(value, 5) for name, value in scores(rows).items() if math.isfinite(value)}
        for horizon, rows in by_horizon.items()
        if rows
    }
    return items, kpis


def calibration_item(by_horizon: dict[str, list[Row]]) -> CheckItem:
    """Return whether 50, 80 and 95 % intervals cover as they say at every horizon, within SLACK."""
    worst, beyond, weeks = 0.0, [], 0
    for horizon, rows in by_horizon.items():
        found = scores(rows)
        weeks = max(weeks, len(rows))
        for level in LEVELS:
            share = level / 100
            allowed = max(SLACK, 200 * math.sqrt(share * (1 - share) / max(len(rows), 1)))
            gap = 100 * found[f"cover_{level}"] - level
            if not abs(gap) <= allowed:  # also true for NaN
                beyond.append(f"{level} % at {horizon}: {level + gap:.0f} %")
            worst = max(worst, abs(gap)) if math.isfinite(gap) else worst
    said = f"largest gap of coverage {worst:.1f} points over {weeks} weeks; allowed {SLACK:.0f} or two standard errors"
    return CheckItem("calibration", "forecast", not beyond, "; ".join([said, *beyond]))


def baseline_item(model: str, own: dict[str, list[Row]], other: dict[str, list[Row]]) -> CheckItem:
    """Return whether the CRPS is below the baseline's at every horizon, week by week."""
    if model == BASELINE:
        return CheckItem("baseline", "forecast", True, "it is the baseline")
    said, passed = [], True
    for horizon in own:
        weeks, gap, error = difference(own[horizon], other[horizon], "crps")
        passed &= gap < 0
        said.append(f"{horizon} {gap:+,.0f} (se {error:,.0f}, {weeks} weeks)")
    return CheckItem("baseline", "forecast", passed, f"CRPS minus that of {BASELINE}, passengers: {', '.join(said)}")


def edge_items(
    events: Sequence[EventHistory], vintages: Vintages, model: str
) -> tuple[list[CheckItem], dict[str, Any]]:
    """Return the items of level `edge`: the Brier score against the mid, and the bot's rules after costs."""
    memory: Forecasts = {}
    market, market_kpis = market_item(events, vintages, model, memory)
    costs, cost_kpis = costs_item(events, vintages, model, memory)
    return [market, costs], {"against_market": market_kpis, "after_costs": cost_kpis}


def market_item(
    events: Sequence[EventHistory], vintages: Vintages, model: str, memory: Forecasts
) -> tuple[CheckItem, dict[str, Any]]:
    """Return whether the model's Brier score is below the mid's on the quotes a trader could use."""
    found = [
        quote
        for entry in ENTRIES
        for quote in run_backtest(events, vintages, Settings(model=model, entry=entry), memory=memory).scored
    ]
    quotes = Quotes(
        model=np.array([one.prob_yes for one in found]),
        mid=np.array([one.mid for one in found]),
        spread=np.array([one.spread for one in found]),
        outcome=np.array([float(one.outcome) for one in found]),
        weeks=np.array([one.sunday.toordinal() for one in found], dtype=np.int64),
    )
    usable = [score for score in score_against_mid(quotes) if score.sample.startswith("mid")]
    if not usable:
        return CheckItem("out of sample against the market", "edge", False, "no quote to compare with"), {}
    [score] = usable
    gap = score.difference
    passed = score.weeks >= LEAST_WEEKS and gap.high < 0
    said = (
        f"Brier {score.model:.4f}, the mid {score.mid:.4f}: {gap.mean:+.4f} (95 % {gap.low:+.4f} .. {gap.high:+.4f}) "
        f"on {score.quotes} quotes of {score.weeks} weeks; needed: below 0 over {LEAST_WEEKS} weeks"
    )
    kpis = {"quotes": score.quotes, "weeks": score.weeks, "model": score.model, "mid": score.mid}
    return CheckItem("out of sample against the market", "edge", passed, said), kpis


def costs_item(
    events: Sequence[EventHistory], vintages: Vintages, model: str, memory: Forecasts
) -> tuple[CheckItem, dict[str, Any]]:
    """Return whether the bot's own rules earn after spread and fees, taking what is offered on each weekday."""
    weeks = [trading_week(event, vintages, ENTRIES, [model], memory) for event in events]
    quoted = [week for week in weeks if week.groups]
    if not quoted:
        return CheckItem("costs", "edge", False, "no event that could be traded"), {}
    fast = replay_fast(tape_of(quoted, ENTRIES, [model]), [Plan(model=model, entries=ENTRIES)])
    weekly = fast.pnl[0] / 1_000_000
    found = clustered_interval(weekly, np.arange(weekly.size))
    passed = found.weeks >= LEAST_WEEKS and found.low > 0
    said = (
        f"{dollars(found.mean)} a week (95 % {dollars(found.low)} .. {dollars(found.high)}) over {found.weeks} weeks, "
        f"{int(fast.filled[0].sum())} fills, fees ${fast.fees[0].sum() / 1e6:.2f}; "
        f"needed: above 0 over {LEAST_WEEKS} weeks"
    )
    return CheckItem("costs", "edge", passed, said), {"weeks": found.weeks, "dollars_a_week": float(found.mean)}
