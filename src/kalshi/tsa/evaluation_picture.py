"""One picture of an evaluation: error by horizon and model, and whether the probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kalshi.drawing import BLUE, GREEN, GREY, ORANGE, RED, new_figure, png
from kalshi.tsa.evaluation import LEVELS, PIT_BINS, Evaluation, pit_histogram, scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRADED = ("D-7 Thu", "k0", "k1", "k2", "k3", "k4")  # horizons that occur; the others are for comparison
PIT_HORIZONS = ("k0", "k4")
COLORS = (BLUE, ORANGE, GREEN, "#8a5fb0", RED, GREY, "#4a9db0", "#a08030")
MARKERS = "osD^vP*X"


def evaluation_picture(done: Evaluation, *, subject: str, title: str) -> bytes:
    """Return a PNG. subject: the model drawn thick, and the one whose calibration is shown."""
    figure = new_figure(12.5, 4.8, title)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.55, 1, 1))
    _errors(left, done, subject)
    _coverage(middle, done, subject)
    _ranks(right, done, subject)
    return png(figure)


def _errors(axes: Axes, done: Evaluation, subject: str) -> None:
    horizons = [name for name in TRADED if any(row.horizon == name for row in done.rows)]
    x = np.arange(len(horizons))
    ends = []
    for number, model in enumerate(done.models):
        mape = [scores(done.of(model, horizon))["mape"] for horizon in horizons]
        own = model == subject
        color = COLORS[0] if own else COLORS[1:][number % (len(COLORS) - 1)]
        axes.plot(
            x, mape, color=color, marker=MARKERS[number % len(MARKERS)], markersize=6 if own else 4.5,
            linewidth=2.6 if own else 1.3, zorder=3 if own else 2, label=model,
        )
        ends.append((mape[0], model, color))
        if own:
            for place, value in zip(x, mape, strict=True):
                axes.annotate(
                    f"{value:.2f}", (float(place), value), xytext=(0, -13), textcoords="offset points",
                    fontsize=8, color=color, ha="center", fontweight="bold",
                )
    order = [name for _, name, _ in sorted(ends, reverse=True)]
    handles = dict(zip(done.models, axes.get_lines(), strict=True))
    axes.legend([handles[name] for name in order], order, fontsize=8, frameon=False, loc="upper right")
    axes.set_xticks(x, horizons)
    axes.set_xlim(-0.3, len(horizons) - 0.7)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("published when the forecast is made (k = days of the week)", fontsize=9)
    axes.set_ylabel("mean absolute error of the week's mean, %", fontsize=9)
    axes.set_title(f"Error by horizon, {len(done.weeks)} weeks", fontsize=9.5, loc="left")
    _plain(axes)


def _coverage(axes: Axes, done: Evaluation, subject: str) -> None:
    horizons = [name for name in TRADED if done.of(subject, name)]
    x = np.arange(len(horizons))
    for number, level in enumerate(LEVELS):
        share = [100 * scores(done.of(subject, name))[f"cover_{100 * level:.0f}"] for name in horizons]
        weeks = min(len(done.of(subject, name)) for name in horizons) if horizons else 1
        noise = 196 * float(np.sqrt(level * (1 - level) / weeks))
        color = COLORS[number]
        axes.axhspan(100 * level - noise, min(100 * level + noise, 100), color=color, alpha=0.10, linewidth=0)
        axes.plot((-1, len(horizons) - 0.72), (100 * level,) * 2, color=color, linewidth=0.9, linestyle="--")
        axes.plot(x, share, color=color, marker=MARKERS[number], markersize=5.5, linewidth=1.6)
        axes.annotate(f"{level:.0%}", (len(horizons) - 0.66, 100 * level), fontsize=8.5, color=color, va="center")
    axes.set_xticks(x, horizons)
    axes.set_xlim(-0.35, len(horizons) - 0.05)
    axes.set_ylim(0, 103)
    axes.set_ylabel("outcomes inside the central interval, %", fontsize=9)
    axes.set_title(f"Coverage of {subject}; bands: chance, 95 %", fontsize=9.5, loc="left")
    _plain(axes)


def _ranks(axes: Axes, done: Evaluation, subject: str) -> None:
    drawn: Sequence[str] = [name for name in PIT_HORIZONS if done.of(subject, name)]
    edges = np.arange(PIT_BINS) / PIT_BINS
    width = 1 / PIT_BINS / max(len(drawn), 1) * 0.86
    for number, name in enumerate(drawn):
        rows = done.of(subject, name)
        share = 100 * np.array(pit_histogram(rows)) / len(rows)
        axes.bar(
            edges + (number + 0.5) * width + 0.07 / PIT_BINS, share, width=width, color=COLORS[number], alpha=0.8,
            label=f"{name}, {len(rows)} weeks",
        )
        if number == 0:
            noise = 196 * float(np.sqrt((1 - 1 / PIT_BINS) / PIT_BINS / len(rows)))
            even = 100 / PIT_BINS
            axes.axhspan(max(even - noise, 0), even + noise, color=GREY, alpha=0.18, linewidth=0)
            axes.axhline(even, color=GREY, linewidth=1, linestyle="--")
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(0, max(22.0, axes.get_ylim()[1] * 1.15))
    axes.set_xlabel("rank of the outcome in the forecast distribution", fontsize=9)
    axes.set_ylabel("share of weeks, %", fontsize=9)
    axes.set_title(f"Ranks (PIT) of {subject}; flat is right", fontsize=9.5, loc="left")
    axes.legend(fontsize=8, frameon=False, loc="upper left", ncols=2)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="black", alpha=0.08)
    axes.tick_params(labelsize=8)
