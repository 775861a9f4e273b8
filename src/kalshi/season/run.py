"""A whole season: blocks of days one after the other, added up in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kalshi.season.fast import trade
from kalshi.season.market import Bias, Session, walks
from kalshi.season.outcomes import Tally
from kalshi.season.rules import Rule

BLOCK = 250  # days whose paths are held at once


@dataclass(frozen=True)
class Line:
    """One rule in one world, with all its days."""

    rule: Rule
    session: Session
    bias: Bias
    tally: Tally


def run_season(
    rules: Sequence[Rule],
    *,
    days: int,
    seed: int,
    step_s: int,
    biases: Sequence[Bias],
    progress: Callable[[str], object] = lambda line: None,
) -> list[Line]:
    """Return each rule under each of *biases*, for the index deviations it is meant for.

    The days do not depend on rules, biases or their own number: a longer season begins like a shorter one.
    """
    lines: list[Line] = []
    for sigma in sorted({sigma for rule in rules for sigma in rule.sigmas}):
        session = Session(sigma=sigma, step_s=step_s)
        chosen = [rule for rule in rules if sigma in rule.sigmas]
        of_sigma = [[Line(rule, session, bias, Tally()) for rule in chosen] for bias in biases]
        for first in range(0, days, BLOCK):
            last = min(days, first + BLOCK)
            made = trade(session, biases, chosen, walks(session, seed, range(first, last)))
            for of_bias, outcomes in zip(of_sigma, made, strict=True):
                for line, outcome in zip(of_bias, outcomes, strict=True):
                    line.tally.add(outcome)
            progress(f"deviation {sigma:g} brackets: {last} of {days} days")
        lines += [line for of_bias in of_sigma for line in of_bias]
    return sorted(lines, key=lambda line: (biases.index(line.bias), rules.index(line.rule), line.session.sigma))
