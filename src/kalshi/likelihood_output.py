"""What a scoring of the likelihood models writes: one table, as Markdown and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kalshi.index.likelihood_score import Scores
from kalshi.research.markdown import table
from kalshi.research.metrics import clustered_interval

HEADERS = ("horizon", "model", "n", "log score", "difference", "95 % from", "to", "Brier", "calibration")


def gains_of(scores: Sequence[Scores], baseline: str) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Return mean, low and high (95 %) of each candidate's log score less the baseline's, by horizon.

    Paired by session; the interval draws on whole months, because windows overlap and calm and storm cluster.
    """
    base = {one.horizon: one.log for one in scores if one.candidate.name == baseline}
    found = {}
    for one in scores:
        months = np.array([day.year * 12 + day.month for day in one.days])
        interval = clustered_interval(one.log - base[one.horizon], months)
        found[one.candidate.name, one.horizon] = (interval.mean, interval.low, interval.high)
    return found


def rows_of(
    scores: Sequence[Scores], gains: Mapping[tuple[str, str], tuple[float, float, float]]
) -> tuple[Sequence[str], list[list[str]]]:
    """Return headers and rows of the table, the best log score of each horizon first."""
    rows = []
    for horizon in dict.fromkeys(one.horizon for one in scores):
        for one in sorted((s for s in scores if s.horizon == horizon), key=lambda s: float(s.log.mean())):
            mean, low, high = gains[one.candidate.name, horizon]
            rows.append([
                horizon, one.candidate.name, str(len(one.days)), f"{one.log.mean():.4f}", _signed(mean), _signed(low),
                _signed(high), f"{one.brier.mean():.4f}", f"{one.calibration_error:.4f}",
            ])  # fmt: skip
    return HEADERS, rows


def markdown(
    title: str, mark: str, headers: Sequence[str], rows: Sequence[Sequence[str]], made: Mapping[str, Any]
) -> str:
    """Return the report as Markdown. mark: such as SAMPLE, empty for real data."""
    lines = [
        f"# {title}", "",
        *([f"**{mark}: made-up data, evidence of nothing.**", ""] if mark else []),
        "Log score: mean of -ln p of the market that won. Difference: to the first model, paired by session,",
        "with a 95 % interval by whole months. Brier: sum over the ladder's markets of (p - outcome)^2.",
        "Calibration: mean distance of stated and realised share over bands of probability. Lower is better.", "",
        table(headers, rows), "",
        "![differences and reliability](likelihood.png)", "",
        f"Made by `{made.get('command', '')}`", "",
    ]  # fmt: skip
    return "\n".join(lines)


def json_text(made: Mapping[str, Any], headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table as JSON, with what was run on what."""
    scores = [dict(zip(headers, row, strict=True)) for row in rows]
    return json.dumps({**made, "scores": scores}, indent=1, default=str) + "\n"


def _signed(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:+.4f}"
