"""One invariant of a backtest's file, and what breaks it."""

from __future__ import annotations

from dataclasses import dataclass

from kalshi.research.trades import Problem

TOLERANCE = 1e-6  # absolute; per contract for pnl. Files rounded to six decimals pass


@dataclass(frozen=True)
class Check:
    """One invariant and what breaks it; `ran` is False where missing columns make it impossible to tell.

    warns: what it finds should be known, but makes the numbers no less true.
    """

    name: str
    meaning: str
    problems: tuple[Problem, ...]
    ran: bool = True
    warns: bool = False

    @property
    def passed(self) -> bool:
        """Return whether the invariant was looked at and holds."""
        return self.ran and not self.problems
