"""The Markdown summary of one backtest: verdict first, then the funnel, the numbers and what was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kalshi.research import metrics
from kalshi.research.markdown import metric, number, table
from kalshi.research.market_score import MarketScore
from kalshi.research.metrics import dollars
from kalshi.research.sanity_report import calibration_table
from kalshi.research.trades import Trades

NO_TRADES = "No trade was made: nothing can be said about an edge. The funnel below says why."


@dataclass(frozen=True)
class Summary:
    """All a report shows. trades: None without any fill. marks: such as SAMPLE, shown on top.

    rules: (rule, trades or None) for the rules beside each other. funnel: (step, markets). left: (stage, reason,
    markets). about: (label, text). notes: sentences that limit what was measured.
    """

    trades: Trades | None
    marks: Sequence[str]
    at_mid: bool
    about: Sequence[tuple[str, str]]
    funnel: Sequence[tuple[str, int]]
    left: Sequence[tuple[str, str, int]]
    scores: Sequence[MarketScore]
    rules: Sequence[tuple[str, Trades | None]] = ()
    mismatches: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)
    picture: str = ""


def headline(summary: Summary) -> str:
    """Return the verdict in one sentence."""
    return metrics.verdict(summary.trades, at_mid=summary.at_mid) if summary.trades else NO_TRADES


def score_lines(summary: Summary) -> list[str]:
    """Return one sentence per sample of quotes: the model's Brier score beside the market's own."""
    return [
        f"Brier on {s.quotes} quotes ({s.sample}, {s.weeks} weeks): model {s.model:.4f}, the market's mid {s.mid:.4f}, "
        f"half of each {s.half_and_half:.4f}; model minus mid {s.difference.mean:+.4f}"
        + (f" (95 % {s.difference.low:+.4f} .. {s.difference.high:+.4f})" if s.weeks > 1 else "")
        for s in summary.scores
    ]


def backtest_markdown(summary: Summary) -> str:
    """Return the report."""
    parts = ["# TSA weekly backtest", ""]
    parts += [f"**{mark}**" for mark in summary.marks] + [""] * bool(summary.marks)
    parts += [f"**{headline(summary)}**", ""]
    if summary.picture:
        parts += [f"![Profit by week, reliability and stated against real edge]({summary.picture})", ""]
    parts += ["## From markets to fills", ""]
    parts += [table(["step", "markets"], list(summary.funnel)), ""]
    if summary.left:
        parts += [table(["left at", "reason", "markets"], list(summary.left)), ""]
    if summary.scores:
        parts += ["## Model against the market's own price", ""]
        parts += [
            table(
                ["sample", "quotes", "weeks", "model", "mid", "half of each", "model - mid", "95 % interval"],
                [score_row(score) for score in summary.scores],
            ),
            "",
            "Brier score of P(YES) at the decision; lower is better. The interval is clustered by week.",
            "",
        ]
    if summary.trades:
        parts += _numbers(summary.trades)
    if summary.rules:
        parts += ["## Rules beside each other", "", table(RULE_HEADERS, [rule_row(*r) for r in summary.rules]), ""]
    parts += ["## Settlement", ""]
    if summary.mismatches:
        parts += [f"{len(summary.mismatches)} markets were paid differently from what the counts imply:", ""]
        parts += [f"- {line}" for line in summary.mismatches]
    else:
        parts += ["No market was paid differently from what the counts imply, where both are known."]
    parts += ["", "## Data and method", ""]
    parts += [f"- {label}: {text}" for label, text in summary.about]
    parts += [f"- {note}" for note in summary.notes]
    return "\n".join([*parts, ""])


RULE_HEADERS = ["rule", "trades", "weeks", "pnl", "mean a trade", "95 % interval"]


def rule_row(rule: str, trades: Trades | None) -> tuple[object, ...]:
    """Return a rule with its trades, weeks, profit, mean and interval, under RULE_HEADERS."""
    if trades is None:
        return (rule, 0, 0, "n/a", "n/a", "n/a")
    found = metrics.pnl_interval(trades)
    interval = "n/a" if found.weeks < 2 else f"{dollars(found.low)} .. {dollars(found.high)}"
    return (rule, len(trades), found.weeks, dollars(float(trades["pnl"].sum())), dollars(found.mean), interval)


def score_row(score: MarketScore) -> tuple[object, ...]:
    """Return a sample of quotes with both Brier scores and their difference."""
    difference = score.difference
    interval = "n/a" if score.weeks < 2 else f"{difference.low:+.4f} .. {difference.high:+.4f}"
    numbers = (number(score.model), number(score.mid), number(score.half_and_half), f"{difference.mean:+.4f}")
    return (score.sample, score.quotes, score.weeks, *numbers, interval)


def _numbers(trades: Trades) -> list[str]:
    weekly = metrics.weekly_pnl(trades)
    bins = metrics.calibration(trades["prob"], trades["outcome"], trades["pnl"])
    return [
        "## Key metrics",
        "",
        table(["metric", "value"], [(n, metric(n, value)) for n, value in metrics.key_metrics(trades).items()]),
        "",
        "## By week",
        "",
        table(
            ["week", "trades", "pnl"],
            [
                (str(week), int((trades.weeks == i).sum()), dollars(float(weekly[i])))
                for i, week in enumerate(trades.week_labels)
            ],
        ),
        "",
        "## Calibration of the chosen side",
        "",
        calibration_table(bins),
        "",
    ]
