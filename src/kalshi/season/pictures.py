"""Pictures of simulated days; matplotlib is imported when one is drawn, and draws without a display."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kalshi.drawing import BLUE, GREEN, GREY, RED, new_figure, png
from kalshi.season.run import Line
from kalshi.season.season_report import worlds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARK = "SIMULATED"
BIN = 5.0  # cents


def season_picture(lines: Sequence[Line], *, title: str) -> bytes:
    """Return a PNG: one row per rule, its days by profit as a share, the mean with its interval marked."""
    columns = worlds(lines)
    figure = new_figure(4.6 * len(columns) + 1.6, 0.5 * max(len(found) for _, found in columns) + 1.5, title, mark=MARK)
    axes = figure.subplots(1, len(columns), squeeze=False, sharex=True, sharey=True)[0]
    for one, (name, found) in zip(axes, columns, strict=True):
        _ridges(one, found)
        one.set_title(f"{name} ({found[0].tally.days:,} days)", fontsize=10, loc="left")
        said = "profit of a day, cents a contract, after fees\n(heights: square root of the share of days)"
        one.set_xlabel(said, fontsize=9)
    return png(figure)


def _ridges(axes: Axes, lines: Sequence[Line]) -> None:
    for height, line in enumerate(reversed(lines)):
        profits = line.tally.profits()
        values = np.array(list(profits), dtype=np.float64) / 100
        shares = np.array(list(profits.values()), dtype=np.float64) / line.tally.days
        bins = np.round(np.clip(values, -100, 150) / BIN).astype(np.int64)
        for number in np.unique(bins):
            inside = bins == number
            share, sign = float(shares[inside].sum()), np.sign(shares[inside] @ values[inside])
            color = {1.0: GREEN, -1.0: RED}.get(float(sign), GREY)
            axes.bar(number * BIN, 0.86 * np.sqrt(share), BIN * 0.9, bottom=height, color=color, alpha=0.6)
        mean = line.tally.cents()
        if line.tally.days > 1:
            axes.plot([mean.low, mean.high], [height - 0.06] * 2, color=BLUE, linewidth=3, solid_capstyle="butt")
        axes.plot(mean.mean, height - 0.06, marker="D", color=BLUE, markersize=4)
        axes.annotate(f"{mean.mean:+.1f}c", (0.995, height + 0.25), xycoords=("axes fraction", "data"), fontsize=8,
                      color=BLUE, ha="right")  # fmt: skip
    labels = [f"{line.rule.label}\ndeviation {line.session.sigma:g}" for line in reversed(lines)]
    axes.set_yticks(np.arange(len(lines)) + 0.3, labels, fontsize=7.5)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_ylim(-0.25, len(lines))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
