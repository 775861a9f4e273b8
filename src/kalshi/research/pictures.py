"""One picture of a backtest: profit by week with its drawdown, and reliability beside the market's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kalshi.drawing import BLUE, GREEN, GREY, ORANGE, RED, new_figure, png
from kalshi.research import metrics
from kalshi.research.market_score import Quotes
from kalshi.research.trades import Floats, Trades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RELIABILITY_BINS = 5
MOST_WEEK_LABELS = 16
MODEL_COUNTS, MID_COUNTS = -0.09, -0.16  # heights of the two rows of counts


def backtest_picture(trades: Trades, quotes: Quotes, *, title: str, mark: str = "") -> bytes:
    """Return a PNG. quotes: two-sided quotes of the same run. mark: such as SAMPLE, written across."""
    return png(backtest_figure(trades, quotes, title=title, mark=mark))


def backtest_figure(trades: Trades, quotes: Quotes, *, title: str, mark: str = "") -> Figure:
    """Return what `backtest_picture` draws."""
    figure = new_figure(11, 4.9, title, mark=mark)
    left, right = figure.subplots(1, 2, width_ratios=(1.45, 1))
    _equity(left, trades)
    _reliability(right, trades, quotes)
    return figure


def _equity(axes: Axes, trades: Trades) -> None:
    weekly = metrics.weekly_pnl(trades)
    equity, below = np.cumsum(weekly), metrics.drawdown(weekly)
    x = np.arange(weekly.size)
    axes.bar(x, weekly, width=0.62, color=[GREEN if v >= 0 else RED for v in weekly], alpha=0.55, label="_")
    axes.fill_between(x, equity, equity - below, color=RED, alpha=0.10, linewidth=0, label="below the highest point")
    axes.plot(x, equity, color=BLUE, linewidth=2, marker="o", markersize=4, label="sum after fees")
    axes.axhline(0, color="black", linewidth=0.8)
    step = max(1, -(-weekly.size // MOST_WEEK_LABELS))
    labels = [f"{day:%b} {day.day}" for day in trades.week_labels]
    axes.set_xticks(x[::step], labels[::step], rotation=35, ha="right", fontsize=8)
    axes.set_xlim(-0.6, weekly.size - 0.4)
    first, last = trades.week_labels[0], trades.week_labels[-1]
    years = f"{first.year}" if first.year == last.year else f"{first.year}-{last.year}"
    axes.set_xlabel(f"week ending, {years}", fontsize=9)
    axes.set_ylabel("dollars; bars: each week", fontsize=9)
    found = metrics.pnl_interval(trades)
    range_text = "" if found.weeks < 2 else f"  (95 %: {metrics.dollars(found.low)} .. {metrics.dollars(found.high)})"
    axes.set_title(
        f"{len(trades)} trades in {found.weeks} week{'s' * (found.weeks != 1)}: "
        f"mean {metrics.dollars(found.mean)}{range_text}",
        fontsize=9.5,
        loc="left",
    )
    axes.legend(fontsize=8, frameon=False, loc="best")
    _plain(axes)


def _reliability(axes: Axes, trades: Trades, quotes: Quotes) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="perfect")
    if len(quotes):
        _curve(axes, quotes.model, quotes.outcome, BLUE, "o", "model", MODEL_COUNTS)
        _curve(axes, quotes.mid, quotes.outcome, ORANGE, "s", "market's mid", MID_COUNTS)
        brier = [metrics.mean(metrics.brier(p, quotes.outcome)) for p in (quotes.model, quotes.mid)]
        text = f"P(YES), {len(quotes)} quotes; Brier: model {brier[0]:.3f}, mid {brier[1]:.3f}"
    else:
        _curve(axes, trades["prob"], trades["outcome"], BLUE, "o", "model, chosen side", MODEL_COUNTS)
        text = f"Chosen side of {len(trades)} trades"
    axes.set_title(text, fontsize=9.5, loc="left")
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(MID_COUNTS - 0.06, 1.12)
    axes.set_yticks(np.linspace(0, 1, 6))  # the rows of counts below are no shares
    axes.set_xlabel("stated probability (below: number in each fifth)", fontsize=9)
    axes.set_ylabel("share that happened", fontsize=9)
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    _plain(axes)


def _curve(axes: Axes, prob: Floats, outcome: Floats, color: str, marker: str, label: str, counts_at: float) -> None:
    bins = [b for b in metrics.calibration(prob, outcome, bins=RELIABILITY_BINS) if b.trades]
    axes.plot(
        [b.mean_prob for b in bins],
        [b.hit_rate for b in bins],
        color=color,
        linewidth=1.4,
        marker=marker,
        markersize=6,
        label=label,
    )
    for b in bins:  # in rows of their own, by the middle of the bin: beside the marks they would meet
        axes.text((b.low + b.high) / 2, counts_at, str(b.trades), fontsize=7.5, color=color, ha="center", va="center")


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="black", alpha=0.08)
    axes.tick_params(labelsize=8)
