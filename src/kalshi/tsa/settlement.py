"""How a past market ended: by the exchange's own result, with the counts as first published as a check."""

from __future__ import annotations

from dataclasses import dataclass

from kalshi.tsa.known import Known
from kalshi.tsa.quotes import EventHistory, MarketHistory
from kalshi.tsa.weeks import week_days


@dataclass(frozen=True)
class Settled:
    """How a market ended. result: yes, no, or what the exchange states instead (empty: nothing).

    basis: `exchange`, or `counts` where the source knows no results. mean: of the week's first prints in
    passengers, None while one is missing. check: `agrees`, `differs` or `not checked`.
    """

    result: str
    basis: str
    mean: float | None
    check: str

    @property
    def outcome(self) -> int | None:
        """1 where YES paid, 0 where NO did, None for anything else."""
        return {"yes": 1, "no": 0}.get(self.result)


def settled_as(event: EventHistory, market: MarketHistory, counts: Known) -> Settled:
    """Return how *market* ended. counts: a view from after the week, for the check."""
    prints = [value for day in week_days(event.sunday) if (value := counts.first_print(day)) is not None]
    whole = len(prints) == 7
    by_counts = ("yes" if sum(prints) > 7 * market.strike else "no") if whole else ""
    mean = sum(prints) / 7 if whole else None
    if not event.has_results:
        return Settled(by_counts, "counts", mean, "not checked")
    if not by_counts or market.result not in ("yes", "no"):
        return Settled(market.result, "exchange", mean, "not checked")
    return Settled(market.result, "exchange", mean, "agrees" if by_counts == market.result else "differs")
