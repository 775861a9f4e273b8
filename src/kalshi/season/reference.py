"""The published table this simulation is held against, and by how many standard errors it is missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kalshi.season.market import FAIR, STEP_S
from kalshi.season.outcomes import Estimate
from kalshi.season.run import Line

# key, deviation -> P(1 fill), P(2 and more), mean if 1, mean if 2 and more, mean of all (shares; cents a contract).
# Source: the legging-in simulation of reference/index_simulation.md, 3,000 to 8,000 paths of 15-second steps.
TABLE: dict[tuple[str, float], tuple[float | None, float, float | None, float, float]] = {
    ("no45", 2.5): (0.30, 0.70, -43, 13, -3.8),
    ("no45", 3.1): (0.32, 0.69, -42, 13, -4.1),
    ("no15", 2.5): (0.90, 0.08, -9, 70, -2.8),
    ("no15", 3.1): (0.90, 0.06, -9, 70, -3.1),
    ("no45_complete", 2.5): (0.19, 0.81, -43, 5.5, -3.5),
    ("no45_freeroll", 2.5): (0.30, 0.70, -43, 13, -3.8),
    ("no80", 2.5): (None, 1.00, None, -1.6, -1.6),
}
TABLE_ERROR = 0.6  # cents: the largest standard error the table states for its means
SHARE_ERROR = 0.01  # of 3,000 paths at 30 %, and of printing whole per cents
# Where all days of a kind were alike, 3 of their number may still be of another kind (95 %), a dollar away: half of it.
UNSEEN_CENTS = 150.0
MOST_ERRORS = 3.5  # some thirty figures are compared at once


@dataclass(frozen=True)
class Check:
    """One figure beside the table's. errors: how many joint standard errors lie between them."""

    line: Line
    figure: str
    ours: float
    theirs: float
    errors: float

    @property
    def agrees(self) -> bool:
        """Whether chance explains the difference."""
        return self.errors <= MOST_ERRORS


def checks(lines: Sequence[Line]) -> list[Check]:
    """Return every figure of the table that *lines* (at fair prices and its steps) have too."""
    found = []
    for line in lines:
        row = TABLE.get((line.rule.key, line.session.sigma))
        if row is None or line.bias != FAIR or line.session.step_s != STEP_S:
            continue
        tally = line.tally
        figures: list[tuple[str, Estimate, float | None, float]] = [
            ("P(1 fill)", tally.share(1), row[0], SHARE_ERROR),
            ("P(2 and more)", tally.share(2), row[1], SHARE_ERROR),
            ("mean if 1", tally.cents(1), row[2], TABLE_ERROR),
            ("mean if 2 and more", tally.cents(2), row[3], TABLE_ERROR),
            ("mean of all", tally.cents(), row[4], TABLE_ERROR),
        ]
        for name, ours, theirs, error in figures:
            if theirs is not None and not math.isnan(ours.error):
                own = ours.error or (UNSEEN_CENTS / ours.days if name.startswith("mean") else 0.0)
                joint = math.hypot(own, error)
                found.append(Check(line, name, ours.mean, theirs, abs(ours.mean - theirs) / joint))
    return found


def agreement(found: Sequence[Check]) -> str:
    """Return one sentence: whether the table is reproduced, or which figures are not."""
    if not found:
        return "The reference table has no row for this run (it is about fair prices and 15-second steps)."
    apart = [check for check in found if not check.agrees]
    worst = max(check.errors for check in found)
    if not apart:
        return (
            f"All {len(found)} figures of the reference table are met within {MOST_ERRORS:g} joint standard errors "
            f"(the largest difference is {worst:.1f})."
        )
    named = "; ".join(
        f"{c.line.rule.label}, deviation {c.line.session.sigma:g}, {c.figure}: {c.ours:.3g} against {c.theirs:g} "
        f"({c.errors:.1f} errors)"
        for c in apart
    )
    return f"{len(apart)} of {len(found)} figures of the reference table are not met: {named}."
