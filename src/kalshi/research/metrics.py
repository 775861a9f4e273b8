"""One implementation of every number that a report shows about trades; dollars, probabilities, shares.

Errors are clustered by week: the strikes of one event are decided by one count, so nine weeks of twenty-one
strikes are nine independent results, not 189.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import stdtrit

from kalshi.research.trades import Floats, Trades

CLIP = 1e-9
BINS = 10
BOOTSTRAP_SAMPLES = 10_000
BOOTSTRAP_SEED = 7
LEVEL = 0.95
LEAST_WEEKS = 20  # independent results below which no verdict is given, however narrow the interval
EDGE_BOUNDS = (-np.inf, 0.0, 0.05, 0.10, 0.20, np.inf)


def pnl(trades: Trades) -> Floats:
    """Return count (outcome - cost) - fee of each trade in dollars."""
    return trades["count"] * (trades["outcome"] - trades.cost) - trades["fee"]


def edge(trades: Trades) -> Floats:
    """Return probability - cost - fee per contract of each trade in dollars."""
    return trades["prob"] - trades.cost - trades["fee"] / trades["count"]


def brier(prob: Floats, outcome: Floats) -> Floats:
    """Return (prob - outcome)^2."""
    return (prob - outcome) ** 2


def logloss(prob: Floats, outcome: Floats) -> Floats:
    """Return the natural log loss, the probability clipped to [1e-9, 1 - 1e-9]."""
    clipped = np.clip(prob, CLIP, 1 - CLIP)
    return -(outcome * np.log(clipped) + (1 - outcome) * np.log1p(-clipped))


@dataclass(frozen=True)
class Bin:
    """Trades with low < prob <= high (the first bin includes 0): forecast and reality side by side."""

    low: float
    high: float
    trades: int
    mean_prob: float
    hit_rate: float
    pnl_avg: float

    @property
    def gap(self) -> float:
        """Return hit rate minus mean probability; positive where the forecast was too timid."""
        return self.hit_rate - self.mean_prob


def calibration(prob: Floats, outcome: Floats, profit: Floats | None = None, bins: int = BINS) -> list[Bin]:
    """Return *bins* equally wide bins, empty ones included (their means are NaN)."""
    index = np.clip(np.ceil(prob * bins - 1e-12).astype(np.int64) - 1, 0, bins - 1)
    profit = np.full(prob.size, np.nan) if profit is None else profit
    found = []
    for i in range(bins):
        inside = index == i
        found.append(
            Bin(
                i / bins,
                (i + 1) / bins,
                int(inside.sum()),
                mean(prob[inside]),
                mean(outcome[inside]),
                mean(profit[inside]),
            )
        )
    return found


def expected_calibration_error(bins: list[Bin]) -> float:
    """Return the mean of |hit rate - mean probability| over bins, weighted by trades; NaN without trades."""
    total = sum(b.trades for b in bins)
    return sum(b.trades * abs(b.gap) for b in bins if b.trades) / total if total else float("nan")


def weekly_pnl(trades: Trades) -> Floats:
    """Return the dollars won or lost per week, in the order of `week_labels`."""
    known = trades.weeks >= 0
    return np.bincount(trades.weeks[known], weights=trades["pnl"][known], minlength=len(trades.week_labels)).astype(
        np.float64
    )


def drawdown(weekly: Floats) -> Floats:
    """Return after each week how far the sum lies below its highest point so far, from 0 on; dollars."""
    equity = np.cumsum(weekly)
    return equity - np.maximum(np.maximum.accumulate(equity), 0.0) if equity.size else equity


@dataclass(frozen=True)
class Interval:
    """A mean with an interval of 95 %: low and high are NaN where there are fewer than two weeks."""

    mean: float
    low: float
    high: float
    trades: int
    weeks: int
    method: str


def clustered_interval(values: Floats, weeks: np.ndarray) -> Interval:
    """Return the mean of *values* with a cluster-robust t interval; *weeks* names the cluster of each value.

    Variance: G / (G - 1) sum over weeks of (sum of deviations)^2 / n^2, with G - 1 degrees of freedom.
    """
    groups, sums, counts = _per_week(values, weeks)
    center = float(values.mean()) if values.size else float("nan")
    if groups < 2:
        return Interval(center, float("nan"), float("nan"), values.size, groups, "clustered t")
    deviations = sums - counts * center
    error = float(np.sqrt(groups / (groups - 1) * np.sum(deviations**2))) / values.size
    reach = float(stdtrit(groups - 1, 0.5 + LEVEL / 2)) * error
    return Interval(center, center - reach, center + reach, values.size, groups, "clustered t")


def bootstrap_interval(
    values: Floats, weeks: np.ndarray, *, seed: int = BOOTSTRAP_SEED, samples: int = BOOTSTRAP_SAMPLES
) -> Interval:
    """Return the mean of *values* with a percentile interval from drawing whole weeks with replacement."""
    groups, sums, counts = _per_week(values, weeks)
    center = float(values.mean()) if values.size else float("nan")
    if groups < 2:
        return Interval(center, float("nan"), float("nan"), values.size, groups, "bootstrap of weeks")
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=samples)
    means = (drawn @ sums) / (drawn @ counts)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(center, float(low), float(high), values.size, groups, "bootstrap of weeks")


def _per_week(values: Floats, weeks: np.ndarray) -> tuple[int, Floats, Floats]:
    _, index = np.unique(weeks, return_inverse=True)
    groups = int(index.max()) + 1 if index.size else 0
    sums = np.bincount(index, weights=values, minlength=groups).astype(np.float64)
    return groups, sums, np.bincount(index, minlength=groups).astype(np.float64)


def pnl_interval(trades: Trades) -> Interval:
    """Return the mean profit per trade with its clustered interval, as every report states it."""
    return clustered_interval(trades["pnl"], trades.weeks)


def verdict(trades: Trades, *, at_mid: bool = False) -> str:
    """Return in one sentence what the trades are evidence of, with the interval and the number of weeks.

    Of nothing where the data are the made-up SAMPLE. Below LEAST_WEEKS weeks it says that this is too little to
    judge: a few weeks that happen to agree make the interval narrow.
    """
    found = pnl_interval(trades)
    costs = "after fees" if trades.has_fees else "before fees (the file charges none)"
    if at_mid or trades.at_mid:
        costs += ", at mid prices nobody gets"
    numbers = f"mean {dollars(found.mean)} a trade over {found.trades} trades"
    if np.isnan(found.low):
        costs += ", and made-up SAMPLE data" * trades.is_sample
        return f"Too little to judge {costs}: {numbers} in {found.weeks} week{'s' * (found.weeks != 1)}."
    numbers = (
        f"mean {dollars(found.mean)} a trade, 95 % interval {dollars(found.low)} .. {dollars(found.high)}, "
        f"over {found.weeks} weeks ({found.trades} trades)"
    )
    if trades.is_sample:
        return f"Made-up SAMPLE data, no evidence of anything: {costs}, {numbers}."
    if found.weeks < LEAST_WEEKS:
        return f"Too little to judge {costs}: {numbers}; a verdict needs {LEAST_WEEKS} weeks."
    if found.low > 0:
        return f"Evidence of an edge {costs}: {numbers}."
    if found.high < 0:
        return f"Evidence of a loss {costs}: {numbers}."
    return f"No evidence of an edge {costs}: {numbers}."


def dollars(amount: float) -> str:
    """Return *amount* with sign and four decimals, such as -$0.0123."""
    return "n/a" if np.isnan(amount) else f"{'-' if amount < 0 else '+'}${abs(amount):.4f}"


@dataclass(frozen=True)
class EdgeBucket:
    """Trades with low < stated edge <= high: what was promised and what came, in dollars a contract."""

    low: float
    high: float
    trades: int
    edge_avg: float
    pnl_avg: float
    hit_rate: float


def edge_buckets(trades: Trades) -> list[EdgeBucket]:
    """Return the trades by stated edge."""
    each = trades["pnl"] / trades["count"]
    found = []
    for low, high in pairwise(EDGE_BOUNDS):
        inside = (trades["edge"] > low) & (trades["edge"] <= high)
        found.append(
            EdgeBucket(
                low,
                high,
                int(inside.sum()),
                mean(trades["edge"][inside]),
                mean(each[inside]),
                mean(trades["outcome"][inside]),
            )
        )
    return found


def edge_correlation(trades: Trades) -> float:
    """Return the correlation of stated edge and profit per contract; NaN where one of them does not vary."""
    each = trades["pnl"] / trades["count"]
    if len(trades) < 2 or np.ptp(trades["edge"]) == 0 or np.ptp(each) == 0:
        return float("nan")
    return float(np.corrcoef(trades["edge"], each)[0, 1])


@dataclass(frozen=True)
class EdgeSplit:
    """Dollars promised and made, and where the difference to zero came from; all are sums over fills.

    Per contract of the side bought, with outcome q, stated probability v, price c, own-side mid m at the decision
    and n at the first close after the execution: spread m - c (negative where it was paid), adverse n - m (what
    the market did to the price right after it), forecast q - n (how the rest of the week judged it), minus fee.
    realised = forecast + spread + adverse + fee exactly; promised = v - c - fee. Where a book was one-sided and has
    no mid, m is c, and n is m: then spread or adverse selection are 0 and what they were is in the forecast's part.
    """

    contracts: float
    promised: float
    realised: float
    forecast: float
    spread: float
    fee: float
    adverse: float

    @property
    def shortfall(self) -> float:
        """Return realised minus promised, dollars."""
        return self.realised - self.promised

    def rows(self) -> list[tuple[str, float, float]]:
        """Return (part, dollars, dollars a contract), the parts adding up to the last but one."""
        each = self.contracts or float("nan")
        parts = (
            ("forecast", self.forecast), ("spread", self.spread), ("adverse selection", self.adverse),
            ("fee", self.fee), ("realised", self.realised), ("promised by the model", self.promised),
        )  # fmt: skip
        return [(name, amount, amount / each) for name, amount in parts]


def edge_split(trades: Trades) -> EdgeSplit:
    """Return where the profit of *trades* came from, by their columns `mid` and `mid_after` where these are known."""
    own = np.where(trades.is_yes, 1.0, -1.0)
    blank = np.full(len(trades), np.nan)
    price, count = trades["fill_price"], trades["count"]
    stated, later = trades.numbers.get("mid", blank), trades.numbers.get("mid_after", blank)
    mid = np.where(np.isnan(stated), price, stated)
    after = np.where(np.isnan(later), mid, later)
    spread, adverse = count * own * (mid - price), count * own * (after - mid)
    cost_after = np.where(trades.is_yes, after, 1 - after)
    return EdgeSplit(
        contracts=float(count.sum()),
        promised=float((trades["prob"] * count - count * trades.cost - trades["fee"]).sum()),
        realised=float(pnl(trades).sum()),
        forecast=float((count * (trades["outcome"] - cost_after)).sum()),
        spread=float(spread.sum()),
        fee=-float(trades["fee"].sum()),
        adverse=float(adverse.sum()),
    )


def mean(values: Floats) -> float:
    """Return the mean, NaN of nothing."""
    return float(values.mean()) if values.size else float("nan")


def key_metrics(trades: Trades) -> dict[str, float]:
    """Return the canonical KPIs by name, sorted.

    pnl_*, fee_total, cost_total, max_drawdown: dollars. pnl_avg: per trade, with its clustered interval.
    avg_edge, pnl_per_contract: dollars per contract. return_on_cost: pnl_total / (cost + fees).
    brier_market_mid: of the mid where a trade states one, beside brier_where_mid of the model there.
    """
    interval = pnl_interval(trades)
    contracts = float(trades["count"].sum())
    paid = float((trades["count"] * trades.cost + trades["fee"]).sum())
    total = float(trades["pnl"].sum())
    found = {
        "trades": float(len(trades)),
        "weeks": float(len(trades.week_labels)),
        "contracts": contracts,
        "pnl_total": total,
        "pnl_avg": interval.mean,
        "pnl_avg_ci_low": interval.low,
        "pnl_avg_ci_high": interval.high,
        "pnl_per_contract": total / contracts if contracts else float("nan"),
        "cost_total": paid,
        "fee_total": float(trades["fee"].sum()),
        "return_on_cost": total / paid if paid > 0 else float("nan"),
        "hit_rate": mean(trades["outcome"]),
        "avg_prob": mean(trades["prob"]),
        "avg_edge": mean(trades["edge"]),
        "brier_mean": mean(trades["brier"]),
        "logloss_mean": mean(trades["logloss"]),
        "ece": expected_calibration_error(calibration(trades["prob"], trades["outcome"])),
        "max_drawdown": float(-drawdown(weekly_pnl(trades)).min()) if trades.week_labels else float("nan"),
        "weeks_won": float((weekly_pnl(trades) > 0).sum()),
    }
    if "mid" in trades.numbers and not np.all(np.isnan(trades["mid"])):
        has = ~np.isnan(trades["mid"])
        own_side = np.where(trades.is_yes, trades["mid"], 1 - trades["mid"])[has]
        found["brier_market_mid"] = mean(brier(own_side, trades["outcome"][has]))
        found["brier_where_mid"] = mean(brier(trades["prob"], trades["outcome"])[has])
    return dict(sorted(found.items()))
