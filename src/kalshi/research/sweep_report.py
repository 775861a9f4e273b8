"""A sweep as Markdown and as one picture; every number is of `sweep_findings`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kalshi.drawing import BLUE, GREEN, RED, new_figure, png
from kalshi.research.markdown import table
from kalshi.research.metrics import dollars
from kalshi.research.sweep_findings import MOST_SHOWN, PlanResults, SweepFindings
from kalshi.research.sweep_selection import scores


def sweep_markdown(
    results: PlanResults, findings: SweepFindings, about: Sequence[tuple[str, str]],
    left: Sequence[tuple[str, str, int]], notes: Sequence[str], picture: str, mark: str,
) -> str:  # fmt: skip
    """Return the report. about: (label, text). left: what could not be traded, with its reason. mark: or empty."""
    f = findings
    parts = ["# TSA weekly: sweep over plans", "", *([f"**{mark}**", ""] if mark else []), f"**{f.verdict}**", ""]
    parts += [f"![Walk-forward and best plans in sample]({picture})", "", "## Week by week, out of sample", ""]
    parts += [
        table(
            ["week", "weeks looked at", "plan", "parameters", "score before", "out of sample"],
            [
                (
                    f.weeks[c.week], c.past_weeks, "none" if c.plan is None else c.plan, _words(results, c.plan),
                    c.score, dollars(c.out_of_sample),
                )
                for c in f.choices
            ],
        ),
        "",
        "The score is mean over root mean square of the weekly profit in the weeks before, less the gap. Where no plan",
        "had gained, none is traded.",
        "",
        "## Where the out-of-sample profit came from",
        "",
        table(
            ["part", "dollars", "a contract"],
            [(name, dollars(total), dollars(each)) for name, total, each in f.split.rows()],
        ),
        "",
        "## The best of them, in sample",
        "",
        f"p = {f.check.p_value:.4f}: the share of {f.check.samples:,} resampled worlds without an edge in any of "
        f"{f.check.trials:,} plans whose best looks at least as good (seed {f.check.seed}). The table is in sample, "
        "and picked from all these plans: nothing to expect again.",
        "",
        table(
            ["plan", "parameters", "score", "mean a week", "weeks traded"],
            [_best_row(results, int(plan)) for plan in np.argsort(-scores(results.pnl), kind="stable")[:MOST_SHOWN]],
        ),
        "",
        "## What could not be traded",
        "",
        table(["left at", "reason", "strikes"], list(left)),
        "",
        "## Data and method",
        "",
    ]  # fmt: skip
    parts += [f"- {label}: {text}" for label, text in about] + [f"- {note}" for note in notes]
    return "\n".join([*parts, ""])


def _words(results: PlanResults, plan: int | None) -> str:
    return "" if plan is None else ", ".join(f"{name} {value}" for name, value in results.parameters[plan].items())


def _best_row(results: PlanResults, plan: int) -> tuple[object, ...]:
    weekly = results.pnl[plan]
    score = float(scores(weekly[None, :])[0])
    traded = int((results.columns["filled"][plan] > 0).sum())
    return plan, _words(results, plan), score, dollars(float(weekly.mean())), traded


def sweep_picture(results: PlanResults, findings: SweepFindings, *, mark: str = "") -> bytes:
    """Return a PNG: profit of the walk-forward by week, and how the plans' scores lie in sample."""
    figure = new_figure(11, 4.6, f"Sweep over {findings.trials:,} plans", mark=mark)
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    earned = np.array([choice.out_of_sample for choice in findings.choices])
    x = np.arange(earned.size)
    left.bar(x, earned, color=[GREEN if one >= 0 else RED for one in earned], alpha=0.55)
    left.plot(x, np.cumsum(earned), color=BLUE, marker="o", markersize=4, linewidth=2, label="sum")
    left.axhline(0, color="black", linewidth=0.8)
    step = max(1, -(-earned.size // 14))
    labels = [findings.weeks[choice.week] for choice in findings.choices]
    left.set_xticks(x[::step], labels[::step], rotation=35, ha="right", fontsize=8)
    i = findings.out_of_sample
    interval = f" (95 %: {dollars(i.low)} .. {dollars(i.high)})" if i.weeks > 1 else ""
    title = f"Out of sample, chosen by earlier weeks\n{dollars(i.mean)} a week{interval}"
    left.set_title(title, fontsize=9.5, loc="left")
    left.set_ylabel("dollars; bars: each week", fontsize=9)
    found = scores(results.pnl)
    right.hist(found[found != 0], bins=40, range=(-1, 1), color=BLUE, alpha=0.6)
    right.axvline(findings.check.score, color=RED, linewidth=1.5)
    right.set_title(
        f"In sample: score of the {int((found != 0).sum()):,} plans that traded\n"
        f"best {findings.check.score:.2f}, reality check p = {findings.check.p_value:.3f}", fontsize=9.5, loc="left",
    )  # fmt: skip
    right.set_xlabel("mean / root mean square of the weekly profit", fontsize=9)
    right.set_ylabel("plans", fontsize=9)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    return png(figure)
