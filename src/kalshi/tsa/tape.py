"""Weeks of trading as arrays of whole numbers, for simulating many plans at once.

Prices are in units of 1/20,000 dollar (so that a mid of two prices on the exchange's finest grid is one), money is
in millionths of a dollar, probabilities in millionths: every sum and comparison is exact, as with Decimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kalshi.errors import DataError
from kalshi.tsa.release_calendar import before_news
from kalshi.tsa.trading_plan import CLOSE_MARGIN
from kalshi.tsa.trading_week import TradingWeek

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PRICE_UNIT = 20_000  # units of a dollar
MICRO = 1_000_000  # of a dollar, and of a probability
PER_UNIT = MICRO // PRICE_UNIT
NONE = -1  # no price, no forecast


@dataclass(frozen=True, eq=False)
class TapeGroup:
    """Decisions of one entry at one moment; arrays by market of the group, ascending strike.

    at, news_end: Unix seconds; news_end: when orders end that rest until the next counts. prob: (models, markets),
    millionths, NONE without a forecast. mid, mid_after: of YES, NONE where one-sided; mid_after: of the next close.
    """

    at: int
    entry: int
    news_end: int
    markets: Ints
    prob: Ints
    bid: Ints
    ask: Ints
    mid: Ints
    mid_after: Ints


@dataclass(frozen=True, eq=False)
class TapeWeek:
    """One event. won: by market, whether YES paid. reaches: (moment, markets, dearest bid, cheapest ask, mid)."""

    event_ticker: str
    sunday: str
    close_end: int
    won: Bools
    groups: tuple[TapeGroup, ...]
    reaches: tuple[tuple[int, Ints, Ints, Ints, Ints], ...]


@dataclass(frozen=True, eq=False)
class Tape:
    """Weeks in order of their close, with the entries and models that plans may name."""

    entries: tuple[str, ...]
    models: tuple[str, ...]
    weeks: tuple[TapeWeek, ...]


def tape_of(weeks: Sequence[TradingWeek], entries: Sequence[str], models: Sequence[str]) -> Tape:
    """Return *weeks* as arrays. Raises DataError for a price that is no multiple of 1/20,000 dollar."""
    ordered = sorted(weeks, key=lambda week: week.event.close_at)
    return Tape(tuple(entries), tuple(models), tuple(_week(week, entries, models) for week in ordered))


def _week(week: TradingWeek, entries: Sequence[str], models: Sequence[str]) -> TapeWeek:
    groups, reaches = [], []
    for moment in week.moments:
        candles = week.candles.get(moment, {})
        columns = [(i, units(c.dearest), units(c.cheapest), units(c.mid)) for i, c in sorted(candles.items())]
        if columns:
            index, dearest, cheapest, mid = (np.array(column, dtype=np.int64) for column in zip(*columns, strict=True))
            reaches.append((moment, index, dearest, cheapest, mid))
        for group in week.groups_at(moment):
            if group.entry not in entries:
                continue
            quotes = [candles[i] for i in group.markets]
            prob = [
                [NONE] * len(quotes) if (model, group.entry) not in week.probs
                else [micro(round(week.probs[model, group.entry][i], 6)) for i in group.markets]
                for model in models
            ]  # fmt: skip
            groups.append(
                TapeGroup(
                    at=moment,
                    entry=list(entries).index(group.entry),
                    news_end=int(before_news(group.decided).timestamp()),
                    markets=np.array(group.markets, dtype=np.int64),
                    prob=np.array(prob, dtype=np.int64),
                    bid=np.array([units(q.bid) for q in quotes], dtype=np.int64),
                    ask=np.array([units(q.ask) for q in quotes], dtype=np.int64),
                    mid=np.array([units(q.mid) for q in quotes], dtype=np.int64),
                    mid_after=np.array([units(week.mid_after(i, moment + 1)) for i in group.markets], dtype=np.int64),
                )
            )
    return TapeWeek(
        event_ticker=week.event.event_ticker,
        sunday=week.event.sunday.isoformat(),
        close_end=int((week.event.close_at - CLOSE_MARGIN).timestamp()),
        won=np.array([market.result == "yes" for market in week.event.markets], dtype=np.bool_),
        groups=tuple(groups),
        reaches=tuple(reaches),
    )


def units(price: Decimal | None) -> int:
    """Return *price* dollars in price units, NONE for None; DataError where it is no whole number of them."""
    if price is None:
        return NONE
    found = price * PRICE_UNIT
    if found != found.to_integral_value():
        raise DataError(f"price {price} is finer than the exchange's grid: check the candles")
    return int(found)


def micro(value: Decimal | float) -> int:
    """Return *value* in millionths; DataError where it is finer."""
    found = Decimal(str(value)) * MICRO
    if found != found.to_integral_value():
        raise DataError(f"{value} is finer than a millionth")
    return int(found)
