"""One picture of a scoring: how much better than the baseline each model is, and whether its shares come true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kalshi.drawing import BLUE, GREY, ORANGE, new_figure, png
from kalshi.index.likelihood_score import Scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = {"empirical": GREY, "scaled": BLUE, "student_t": ORANGE}
MARKERS = "os^D"

# (candidate, horizon) -> difference of the mean log score to the baseline, low, high (95 %)
Gains = Mapping[tuple[str, str], tuple[float, float, float]]


def likelihood_picture(
    scores: Sequence[Scores], gains: Gains, *, baseline: str, subject: str, title: str, mark: str = ""
) -> bytes:
    """Return a PNG. baseline: the candidate the differences are to. subject: the default, drawn thick.

    mark: such as SAMPLE, written across.
    """
    figure = new_figure(11.5, 4.9, title, mark=mark)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    _differences(left, scores, gains, baseline, subject)
    _reliability(right, scores, subject)
    return png(figure)


def _differences(axes: Axes, scores: Sequence[Scores], gains: Gains, baseline: str, subject: str) -> None:
    names = list(dict.fromkeys(one.candidate.name for one in scores if one.candidate.name != baseline))
    horizons = list(dict.fromkeys(one.horizon for one in scores))
    for row, name in enumerate(names):
        for number, horizon in enumerate(horizons):
            mean, low, high = gains[name, horizon]
            y = row + 0.22 * (number - (len(horizons) - 1) / 2)
            color = COLORS.get(name.split()[0], "black")
            axes.plot([low, high], [y, y], color=color, linewidth=2.4 if name == subject else 1.3)
            axes.plot([mean], [y], color=color, marker=MARKERS[number % len(MARKERS)], markersize=6, linestyle="none")
    axes.axvline(0, color="black", linewidth=0.9)
    axes.set_yticks(range(len(names)), [f"{name} *" if name == subject else name for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(f"log score minus that of {baseline}, 95 % of months (left is better; *: the default)", fontsize=9)
    handles = [
        axes.plot([], [], color="black", marker=MARKERS[i % len(MARKERS)], linestyle="none", label=_ahead(horizon))[0]
        for i, horizon in enumerate(horizons)
    ]
    axes.legend(handles=handles, fontsize=8, frameon=False, loc="best")
    _plain(axes, "x")


def _reliability(axes: Axes, scores: Sequence[Scores], subject: str) -> None:
    horizon = next((one.horizon for one in scores if one.horizon == "1"), scores[0].horizon)
    year = subject.rpartition(" ")[2]
    shown = [one for one in scores if one.horizon == horizon and one.candidate.name.endswith(year)]
    top = 0.0
    for one in shown:
        bands = one.reliability()
        stated, came = np.array([p for _, p, _ in bands]), np.array([w for _, _, w in bands])
        top = max(top, float(stated.max()), float(came.max()))
        own = one.candidate.name == subject
        axes.plot(
            stated, came, color=COLORS.get(one.candidate.model, "black"), marker="o", markersize=5 if own else 4,
            linewidth=2.2 if own else 1.2, zorder=3 if own else 2,
            label=f"{one.candidate.model} (error {one.calibration_error:.4f})",
        )
    axes.plot([0, top], [0, top], color="#8a8f98", linewidth=1, linestyle="--", label="perfect")
    axes.set_title(f"{_ahead(horizon)}, since {year}: all markets in bands of probability", fontsize=9.5, loc="left")
    axes.set_xlabel("stated probability", fontsize=9)
    axes.set_ylabel("share that came true", fontsize=9)
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    _plain(axes, "both")


def _ahead(horizon: str) -> str:
    return "open to close" if horizon == "open" else f"{horizon} session{'s' * (horizon != '1')}"


def _plain(axes: Axes, grid: str) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="black", alpha=0.08)  # type: ignore[arg-type]
    axes.tick_params(labelsize=8)
