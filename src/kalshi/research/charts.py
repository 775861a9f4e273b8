"""Charts as inline SVG: ink that follows the page's colour, so that light, dark and print all read well.

matplotlib is imported when a chart is drawn, never before; texts stay texts. Every function returns SVG.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kalshi.drawing import prepare
from kalshi.research.metrics import drawdown
from kalshi.research.trades import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, RED, VIOLET, TEAL, GREY = (
    "#3f86cc", "#e0892f", "#3f9d6b", "#d0574d", "#9b6fc4", "#3aa0ae", "#8a93a0",
)  # fmt: skip
COLORS = (BLUE, ORANGE, GREEN, VIOLET, RED, TEAL, GREY)
MARKERS = "osD^vP*"
INK = "#010203"  # replaced by the page's own colour
SIZE = (5.2, 3.3)
MOST_LABELS = 9
MARGIN = 0.12  # million passengers beside the strikes that are still open


def drawn(draw: Callable[[Axes], None], size: tuple[float, float] = SIZE) -> str:
    """Return what *draw* puts on one pair of axes as SVG without a size of its own."""
    prepare()
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context({
        "svg.fonttype": "none", "svg.hashsalt": "kalshi", "font.size": 9.5, "font.family": "sans-serif",
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    }):  # fmt: skip
        figure = Figure(figsize=size)
        figure.set_layout_engine("constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        axes.set_facecolor("none")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.7)
        draw(axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inline(out.getvalue())


def _inline(svg: str) -> str:
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+)px[^;\"]*", r"font: \1px sans-serif", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1).strip()


def _ticks(axes: Axes, labels: Sequence[str]) -> None:
    step = max(1, -(-len(labels) // MOST_LABELS))
    axes.set_xticks(range(0, len(labels), step), labels[::step])
    if max(map(len, labels), default=0) > 6:
        axes.tick_params(axis="x", rotation=35)


def equity(labels: Sequence[str], weekly: Floats) -> str:
    """Return profit by week as bars, the sum as a line and how far it is below its peak. weekly: dollars."""

    def draw(axes: Axes) -> None:
        total, below = np.cumsum(weekly), drawdown(weekly)
        x = np.arange(weekly.size)
        axes.bar(x, weekly, color=[GREEN if value >= 0 else RED for value in weekly], alpha=0.6, width=0.62)
        axes.fill_between(x, total, total - below, color=RED, alpha=0.15, linewidth=0, label="below the peak")
        axes.plot(x, total, color=BLUE, linewidth=2, marker="o", markersize=3.5, label="sum after fees")
        axes.axhline(0, color=INK, linewidth=0.8)
        _ticks(axes, labels)
        axes.set_ylabel("dollars (bars: each week)")
        axes.legend(frameon=False, fontsize=8.5)

    return drawn(draw)


def reliability(curves: Mapping[str, Sequence[tuple[float, float, int]]]) -> str:
    """Return stated probability against what happened. curves: by name, (mean stated, share, number)."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        for number, (name, points) in enumerate(curves.items()):
            color = COLORS[number % len(COLORS)]
            axes.plot(
                [p for p, _, _ in points], [share for _, share, _ in points], color=color, linewidth=1.4, label=name
            )
            sizes = [12 + 90 * np.sqrt(count / max(1, max(c for _, _, c in points))) for _, _, count in points]
            axes.scatter(
                [p for p, _, _ in points], [share for _, share, _ in points], s=sizes, color=color,
                marker=MARKERS[number % len(MARKERS)], alpha=0.85,
            )  # fmt: skip
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.05, 1.05)
        axes.set_xlabel("stated probability (larger mark: more quotes)")
        axes.set_ylabel("share that happened")
        axes.legend(frameon=False, fontsize=8.5, loc="upper left")

    return drawn(draw)


def histogram(shares: Mapping[str, Sequence[int]]) -> str:
    """Return how often outcomes fell into each tenth of the forecast distribution (PIT), percent of weeks."""

    def draw(axes: Axes) -> None:
        width = 0.86 / max(1, len(shares))
        tenths = max((len(counts) for counts in shares.values()), default=10)
        for number, (name, counts) in enumerate(shares.items()):
            total = max(1, sum(counts))
            x = np.arange(tenths) + (number - (len(shares) - 1) / 2) * width
            color = COLORS[number % len(COLORS)]
            axes.bar(x, 100 * np.array(counts) / total, width=width, color=color, alpha=0.85, label=name)
        axes.axhline(100 / tenths, color=INK, linewidth=1, linestyle="--")
        axes.set_xticks(range(tenths), [f"{i / tenths:.1f}" for i in range(tenths)])
        axes.set_xlabel("rank of the outcome in the forecast (flat is right)")
        axes.set_ylabel("weeks, %")
        axes.legend(frameon=False, fontsize=8.5, ncols=2)

    return drawn(draw)


def lines(
    labels: Sequence[str], series: Mapping[str, Sequence[float]], ylabel: str, *,
    first: str = "", levels: Sequence[float] = (), from_zero: bool = True,
) -> str:  # fmt: skip
    """Return one line for each of *series* over *labels*; *first* is drawn thick, *levels* dashed across."""

    def draw(axes: Axes) -> None:
        for level in levels:
            axes.axhline(level, color=GREY, linewidth=0.9, linestyle="--")
        for number, (name, values) in enumerate(series.items()):
            own = name == first
            axes.plot(
                range(len(labels)), values, color=COLORS[number % len(COLORS)], label=name,
                marker=MARKERS[number % len(MARKERS)], markersize=6 if own else 4, linewidth=2.6 if own else 1.3,
                zorder=3 if own else 2,
            )  # fmt: skip
        _ticks(axes, labels)
        if from_zero:
            axes.set_ylim(bottom=0)
        axes.set_ylabel(ylabel)
        axes.legend(frameon=False, fontsize=8.5, ncols=2)

    return drawn(draw)


def fan(
    labels: Sequence[str], quantiles: Mapping[float, Sequence[float]], *, actual: float | None = None,
    strikes: Sequence[float] = (),
) -> str:  # fmt: skip
    """Return how the forecast narrowed. labels: moments. quantiles: by level (0.5 is the middle), in millions."""

    def draw(axes: Axes) -> None:
        x = np.arange(len(labels))
        levels = sorted(quantiles)
        bands = [(low, 1 - low) for low in levels if low < 0.5 and any(abs(1 - low - one) < 1e-9 for one in levels)]
        for number, (low, high) in enumerate(bands):
            top = next(quantiles[one] for one in levels if abs(one - high) < 1e-9)
            axes.fill_between(
                x, quantiles[low], top, color=BLUE, alpha=0.14 + 0.1 * number, linewidth=0,
                label=f"{round(100 * (high - low))} %",
            )  # fmt: skip
        axes.plot(x, quantiles[0.5], color=BLUE, linewidth=2, marker="o", markersize=4, label="middle")
        bottom, top_ = axes.get_ylim()
        for strike in strikes:
            if bottom <= strike <= top_:
                axes.axhline(strike, color=GREY, linewidth=0.7, linestyle=":")
        if actual is not None:
            axes.axhline(actual, color=RED, linewidth=1.4, label="what came")
        axes.set_xlim(-0.2, len(labels) - 0.8)
        _ticks(axes, labels)
        axes.set_ylabel("million passengers a day")
        axes.legend(frameon=False, fontsize=8.5, ncols=2)

    return drawn(draw)


def ladder(
    strikes: Sequence[float], model: Sequence[float], bids: Sequence[float], asks: Sequence[float],
    chosen: Mapping[str, Sequence[tuple[float, float]]],
) -> str:  # fmt: skip
    """Return P(above) by strike: model's line, the market's bid-ask bars, and the orders as marks.

    strikes: millions. bids, asks: YES dollars, NaN where nobody quotes. chosen: by name, (strike, YES price).
    """

    def draw(axes: Axes) -> None:
        middle = (np.array(bids) + np.array(asks)) / 2
        reach = (np.array(asks) - np.array(bids)) / 2
        both = np.isfinite(middle)
        axes.errorbar(
            np.array(strikes)[both], middle[both], yerr=reach[both], fmt="none", ecolor=ORANGE, elinewidth=4,
            alpha=0.75, label="market, bid to ask",
        )  # fmt: skip
        axes.plot(strikes, model, color=BLUE, linewidth=2, marker="o", markersize=3.5, label="model")
        for number, (name, points) in enumerate(chosen.items()):
            color, marker = ((GREEN, "^"), (RED, "v"), (VIOLET, "D"))[number % 3]
            places = [s for s, _ in points], [p for _, p in points]
            axes.scatter(*places, color=color, marker=marker, s=52, label=name, zorder=4)
        open_ = [s for s, p, both_ in zip(strikes, model, both, strict=True) if 0.01 < p < 0.99 or both_]
        if open_:  # far strikes are as good as decided
            axes.set_xlim(open_[0] - MARGIN, open_[-1] + MARGIN)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel("strike, million passengers a day")
        axes.set_ylabel("P(above), YES dollars")
        axes.legend(frameon=False, fontsize=8.5)

    return drawn(draw)


def steps(parts: Sequence[tuple[str, float]], unit: str) -> str:
    """Return a bridge from the first amount over its changes to the last one; first and last are whole bars."""

    def draw(axes: Axes) -> None:
        level = 0.0
        for number, (_, value) in enumerate(parts):
            whole = number in (0, len(parts) - 1)
            bottom = 0.0 if whole else level
            color = BLUE if whole else GREEN if value >= 0 else RED
            axes.bar(number, value, bottom=bottom, color=color, alpha=0.85, width=0.62)
            end = bottom + value
            axes.annotate(
                f"{value:+.2f}", (number, max(bottom, end)), xytext=(0, 3), textcoords="offset points",
                ha="center", fontsize=8.5,
            )  # fmt: skip
            level = value if number == 0 else level + (0.0 if whole else value)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.use_sticky_edges = False
        axes.margins(y=0.12)
        axes.set_xticks(range(len(parts)), [name.replace(" ", "\n") for name, _ in parts])
        axes.set_ylabel(unit)

    return drawn(draw)


def bars(labels: Sequence[str], values: Floats, ylabel: str) -> str:
    """Return one bar per label, green above zero and red below."""

    def draw(axes: Axes) -> None:
        axes.bar(range(len(labels)), values, color=[GREEN if v >= 0 else RED for v in values], alpha=0.75, width=0.62)
        axes.axhline(0, color=INK, linewidth=0.8)
        _ticks(axes, labels)
        axes.set_ylabel(ylabel)

    return drawn(draw)
