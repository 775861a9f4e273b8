"""Tables and numbers of Markdown reports."""

from __future__ import annotations

import math
from collections.abc import Sequence

COUNTS = ("trades", "weeks", "weeks_won")  # metrics that are whole numbers


def number(value: float, digits: int = 4) -> str:
    """Return *value* with *digits* decimals, NaN as n/a."""
    return "n/a" if math.isnan(value) else f"{value:.{digits}f}"


def metric(name: str, value: float) -> str:
    """Return the value of the metric called *name*: counts without decimals."""
    return number(value, 0 if name in COUNTS else 2 if name == "contracts" else 4)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; floats are written by `number`, pipes in texts are escaped."""
    if not rows:
        return "_none_"
    cells = [[_cell(value) for value in row] for row in rows]
    right = [all(_numeric(row[i]) for row in rows) for i in range(len(headers))]
    lines = ["| " + " | ".join(headers) + " |", "|" + "|".join("---:" if r else "---" for r in right) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in cells])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    return " ".join(str(value).split()).replace("|", "\\|")


def _numeric(value: object) -> bool:
    text = str(value).lstrip("+-$").removesuffix(" %").replace(",", "")
    return isinstance(value, int | float) or text == "n/a" or text.lstrip("$").replace(".", "", 1).isdigit()
