"""What a ladder of `greater` markets says about the outcome: percentiles from the middles of its quotes.

The middle of a market's best bid and ask is taken as the chance that the outcome is above its strike; between two
strikes the distribution is a straight line, beyond the outer ones nothing is known and the outer strike is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from kalshi.paper.bars import candles
from kalshi.paper.world import World

WHOLE = 10_000  # percentiles come in hundredths of a percent
UPWARD = ("greater", "greater_or_equal")


def forecasts(
    world: World, event_ticker: str, percentiles: Sequence[int], start_ts: int, end_ts: int, minutes: int
) -> Iterator[tuple[int, list[float]]]:
    """Yield (end of the period in unix seconds, one value per percentile), for periods in which a quote moved."""
    chances: dict[int, dict[float, float]] = {}
    for ticker in world.event_markets[event_ticker]:
        market = world.listings[ticker].market
        if market.strike_type not in UPWARD or market.floor_strike is None:
            continue
        for bar, _ in candles(world.bars.get(ticker, []), start_ts, end_ts, minutes):
            middle = float(bar.bid[3] + bar.ask[3]) / 2
            chances.setdefault(bar.end_ts, {})[float(market.floor_strike)] = middle
    latest: dict[float, float] = {}
    for ends in sorted(chances):
        latest |= chances[ends]
        yield ends, [percentile(sorted(latest.items()), one / WHOLE) for one in percentiles]


def percentile(above: Sequence[tuple[float, float]], share: float) -> float:
    """Return the value below which the outcome lies with chance *share*.

    above: (strike, chance of an outcome above it) by strike, at least one; chances are made falling first.
    """
    below: list[tuple[float, float]] = []
    for strike, chance in above:
        below.append((strike, max(1 - chance, below[-1][1] if below else 0.0)))
    for (low, low_share), (high, high_share) in pairwise(below):
        if low_share <= share <= high_share and high_share > low_share:
            return low + (high - low) * (share - low_share) / (high_share - low_share)
    return below[0][0] if share <= below[0][1] else below[-1][0]
