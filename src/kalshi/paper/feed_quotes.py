"""What market makers show of a made-up event: its markets by phase, and books around the fair price."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from random import Random

from kalshi.exchange.models import Event, Market, OrderBook, PriceRange, Series
from kalshi.exchange.models_market import Level
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.feed_ladders import Ladder, Strike

SOURCE = "SIMULATED"
LEVELS = 4
CENT, ZERO, ONE = Decimal("0.01"), Decimal(0), Decimal(1)
PRICES = [cents * CENT for cents in range(101)]


def snapshot_of(ladder: Ladder, now: datetime, chance: Random) -> LadderSnapshot:
    """Return the event as it stands at *now*, with the quotes of its market makers while it is open."""
    series, event, markets = _listed(ladder, ladder.phase(now))
    books = {}
    if ladder.phase(now) == "active":
        books = {ladder.ticker(strike): _book(ladder.fair(strike, now), chance) for strike in ladder.strikes}
    return LadderSnapshot(SOURCE, now, series, event, markets, books)


@lru_cache(maxsize=64)
def _listed(ladder: Ladder, phase: str) -> tuple[Series, Event, tuple[Market, ...]]:
    series = Series(
        ticker=ladder.series_ticker,
        title=f"{SOURCE}: {ladder.series_ticker}",
        category=ladder.category,
        fee_type="quadratic",
        fee_multiplier=ONE,
        frequency=ladder.frequency,
    )
    event = Event(
        event_ticker=ladder.event_ticker,
        series_ticker=ladder.series_ticker,
        title=f"{SOURCE}: {ladder.title}",
        sub_title=ladder.day.isoformat(),
        mutually_exclusive=ladder.exclusive,
        collateral_return_type="MECNET" if ladder.exclusive else "",
        strike_date=ladder.closes,
    )
    return series, event, tuple(_market(ladder, strike, phase) for strike in ladder.strikes)


def _book(fair: float, chance: Random) -> OrderBook:
    """Return what market makers show around *fair*: a spread of one to four cents, several levels behind."""
    noisy = min(max(fair + chance.gauss(0, 0.016 * fair * (1 - fair)), 0.001), 0.999)
    half = 0.005 + 0.015 * chance.random() * 4 * noisy * (1 - noisy)
    bid, ask = math.floor((noisy - half) * 100), math.ceil((noisy + half) * 100)

    def side(best: int) -> list[Level]:
        prices = range(best, best - LEVELS, -1)
        return [Level(PRICES[price], Decimal(chance.randint(30, 200))) for price in prices if 1 <= price <= 99]

    return OrderBook(yes_dollars=side(bid), no_dollars=side(100 - ask))


def _market(ladder: Ladder, strike: Strike, phase: str) -> Market:
    decided = phase in ("determined", "finalized")
    condition = _condition(strike)
    return Market(
        ticker=ladder.ticker(strike),
        event_ticker=ladder.event_ticker,
        market_type="binary",
        status=phase,
        result=ladder.result(strike) if decided else "",
        open_time=ladder.opens,
        close_time=ladder.closes,
        latest_expiration_time=ladder.closes + timedelta(days=7),
        settlement_timer_seconds=int((ladder.finalized_after - ladder.determined_after).total_seconds()),
        can_close_early=False,
        expiration_value=str(ladder.final) if decided else "",
        yes_bid_dollars=ZERO,
        yes_ask_dollars=ONE,
        no_bid_dollars=ZERO,
        no_ask_dollars=ONE,
        last_price_dollars=ZERO,
        yes_bid_size_fp=ZERO,
        yes_ask_size_fp=ZERO,
        volume_fp=ZERO,
        volume_24h_fp=ZERO,
        open_interest_fp=ZERO,
        notional_value_dollars=ONE,
        price_level_structure="linear_cent",
        price_ranges=[PriceRange(start=ZERO, end=ONE, step=CENT)],
        title=f"{SOURCE}: {ladder.title}: {condition}",
        yes_sub_title=condition,
        no_sub_title=f"not {condition}",
        strike_type=strike.kind,
        floor_strike=strike.floor,
        cap_strike=strike.cap,
        created_time=ladder.opens - timedelta(days=1),
        updated_time=ladder.opens - timedelta(days=1),
    )


def _condition(strike: Strike) -> str:
    """Return the condition for people; index values have two decimals."""
    if strike.floor is not None and strike.cap is not None:
        return f"{strike.floor:,} to {strike.cap.quantize(CENT, rounding=ROUND_FLOOR):,}"
    if strike.floor is None:
        return f"below {strike.cap:,}"
    whole = strike.floor.to_integral_value(rounding=ROUND_CEILING)
    return f"{whole:,} or above" if strike.kind != "greater" or whole != strike.floor else f"above {strike.floor:,}"
