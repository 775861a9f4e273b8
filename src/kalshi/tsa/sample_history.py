"""A made-up past of the weekly market around the embedded sample counts. Whatever shows it must say SAMPLE.

The market of the sample knows the outcome with an error that shrinks through the week, knows how large that
error is, and quotes around its belief with a spread; results follow from the sample counts. Nothing in it is a
price anybody paid.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from scipy.special import ndtr

from kalshi.history.quote_candle import QuoteCandle
from kalshi.tsa.quotes import DAY_MINUTES, ONE, EventHistory, MarketHistory
from kalshi.tsa.sample_counts import SAMPLE_SEED, sample_vintages
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import event_ticker, market_window, new_york, week_days, week_sunday_of

STRIKES = tuple(range(1_800_000, 2_800_001, 50_000))
BELIEF_SD = (0.011, 0.010, 0.009, 0.008, 0.006, 0.006)  # of ln(mean) at the closes of Monday to Saturday
HALF_SPREAD = (0.045, 0.035, 0.035, 0.030, 0.015, 0.015)
CENT = Decimal("0.01")


def sample_history(
    start: date, end: date, interval: int = DAY_MINUTES, seed: int = SAMPLE_SEED
) -> tuple[list[EventHistory], Vintages]:
    """Return made-up events whose Sunday lies in start..end (inclusive), and the counts they settle by.

    interval: minutes of a candle; the quotes of one day are all alike. Equal arguments give equal values.
    """
    vintages = sample_vintages(new_york(end + timedelta(days=14), 12), seed)
    settled = vintages.known(new_york(end + timedelta(days=14), 12))
    events = []
    sunday = week_sunday_of(start)
    while sunday <= end:
        mean = settled.settled_mean(sunday)
        if mean is not None:
            events.append(_event(sunday, mean, interval, seed))
        sunday += timedelta(days=7)
    return events, vintages


def _event(sunday: date, mean: float, interval: int, seed: int) -> EventHistory:
    draws = np.random.default_rng([seed, sunday.toordinal()]).standard_normal(len(BELIEF_SD))
    name = event_ticker(sunday)
    open_at, close_at = market_window(sunday)
    markets = []
    for strike in STRIKES:
        candles = []
        for day, sd, half, draw in zip(week_days(sunday), BELIEF_SD, HALF_SPREAD, draws, strict=False):
            belief = float(ndtr((np.log(mean / strike) + sd * draw) / sd))
            bid, ask = _quote(belief, half)
            opened = max(new_york(day, 0), open_at)
            midnight = new_york(day + timedelta(days=1), 0)
            ends = range(int(midnight.timestamp()), int(opened.timestamp()), -interval * 60)
            candles += [QuoteCandle(end_ts, bid, ask) for end_ts in reversed(ends)]
        result = "yes" if mean > strike else "no"
        markets.append(MarketHistory(f"{name}-A{strike / 1e6:.2f}", strike, result, tuple(candles)))
    return EventHistory(name, sunday, open_at, close_at, tuple(markets))


def _quote(belief: float, half_spread: float) -> tuple[Decimal, Decimal]:
    """Return bid and ask in whole cents; near 0 and 1 one side is empty, as in the real ladder."""
    half = half_spread * min(1.0, 8 * belief * (1 - belief)) + 0.005
    bid = Decimal(belief - half).quantize(CENT, rounding=ROUND_FLOOR)
    ask = Decimal(belief + half).quantize(CENT, rounding=ROUND_CEILING)
    return max(bid, Decimal(0)), min(ask, ONE)
