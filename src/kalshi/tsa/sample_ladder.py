"""A made-up quoted ladder for the embedded sample: 21 strikes, as the exchange would show them.

The quotes surround a noisy version of the year-over-year model's probabilities, with spreads, sizes and
one-sided far strikes like the real event's. Every title says SAMPLE.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from kalshi.exchange.models import Event, Level, Market, OrderBook, PriceRange, Series
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.tsa.known import Floats
from kalshi.tsa.models import forecast
from kalshi.tsa.sample_counts import SAMPLE_SEED
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import SERIES, event_ticker, market_window, tradable_week

SOURCE = "SAMPLE"
LOWEST_STRIKE, STEP, RUNGS = 1_800_000, 50_000, 21
CENT = Decimal("0.01")
LEVELS = 3  # of each side of a book
SHIFT, ROUGHNESS = 0.35, 0.12  # noise of the quotes in logits: of the whole ladder, of single rungs
NARROWEST, WIDEST = 0.02, 0.08  # spread in dollars, by chance and by how open the question is


def sample_ladder(vintages: Vintages, now: datetime, seed: int = SAMPLE_SEED) -> LadderSnapshot:
    """Return the ladder of the week that is or will next be traded at *now* (aware).

    It counts as open from the close of the week before, so that a trial run at any hour has something to look
    at. The same vintages, minute and seed give the same ladder.
    """
    sunday = tradable_week(now)
    week = forecast(vintages.known(now), sunday, "yoy_hol")
    rng = np.random.default_rng([seed, sunday.toordinal(), int(now.timestamp() // 60)])
    strikes = _strikes(week.mean)
    quotes = _quotes(week.probs_above(strikes), rng)
    opened, closes = market_window(sunday - timedelta(days=7))[1], market_window(sunday)[1]
    event_name = event_ticker(sunday)
    markets, books = [], {}
    for strike, (bid, ask) in zip(strikes, quotes, strict=True):
        book = _book(bid, ask, rng)
        market = _market(f"{event_name}-A{strike / 1e6:.2f}", event_name, strike, book, opened, closes)
        markets.append(market)
        books[market.ticker] = book
    event = Event(
        event_ticker=event_name,
        series_ticker=SERIES,
        title=f"SAMPLE: TSA check-ins, week ending {sunday}",
        sub_title="SAMPLE, not the exchange's",
        mutually_exclusive=False,
        collateral_return_type="",
        category="Transportation",
        markets=markets,
    )
    series = Series(
        ticker=SERIES,
        title="SAMPLE: TSA check-ins",
        category="Transportation",
        fee_type="quadratic",
        fee_multiplier=Decimal(1),
        frequency="weekly",
    )
    return LadderSnapshot(SOURCE, now, series, event, tuple(markets), books)


def _strikes(mean: float) -> list[int]:
    """Return 21 strikes, 1.80 to 2.80 million unless the forecast lies near or beyond their ends."""
    first = LOWEST_STRIKE
    if not first + 2 * STEP <= mean <= first + (RUNGS - 3) * STEP:
        first = max(round(mean / STEP) - RUNGS // 2, 1) * STEP
    return [first + STEP * rung for rung in range(RUNGS)]


def _quotes(probs: Floats, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return (bid, ask) in cents for each rung; 0 and 100 stand for nobody."""
    inside = np.clip(probs, 0.002, 0.998)
    logits = np.log(inside / (1 - inside)) + SHIFT * rng.standard_normal()
    logits += ROUGHNESS * rng.standard_normal(probs.size)
    middle = np.minimum.accumulate(1 / (1 + np.exp(-logits)))
    openness = 4 * middle * (1 - middle)
    width = NARROWEST + (WIDEST - NARROWEST) * openness * rng.random(probs.size)
    bids = np.floor((middle - width / 2) * 100 + 1e-9).clip(0, 98).astype(int)
    asks = np.ceil((middle + width / 2) * 100 - 1e-9).clip(2, 100).astype(int)
    return list(zip(bids.tolist(), asks.tolist(), strict=True))


def _book(bid: int, ask: int, rng: np.random.Generator) -> OrderBook:
    """Return up to three levels of YES bids below *bid* and of NO bids below the twin of *ask*, in cents."""

    def side(best: int) -> list[Level]:
        prices = [best - down for down in range(LEVELS) if best - down >= 1]
        return [Level(price * CENT, Decimal(int(rng.integers(20, 400)))) for price in prices]

    return OrderBook(yes_dollars=side(bid), no_dollars=side(100 - ask))


def _market(
    ticker: str, event: str, strike: int, book: OrderBook, opened: datetime, closes: datetime
) -> Market:
    quote = book.quote()
    bid = Decimal(0) if quote.yes_bid is None else quote.yes_bid
    ask = Decimal(1) if quote.yes_ask is None else quote.yes_ask
    return Market(
        ticker=ticker,
        event_ticker=event,
        market_type="binary",
        status="active",
        result="",
        open_time=opened,
        close_time=closes,
        latest_expiration_time=closes + timedelta(days=7),
        settlement_timer_seconds=3600,
        can_close_early=True,
        expiration_value="",
        yes_bid_dollars=bid,
        yes_ask_dollars=ask,
        no_bid_dollars=1 - ask,
        no_ask_dollars=1 - bid,
        last_price_dollars=bid,
        yes_bid_size_fp=quote.yes_bid_size or Decimal(0),
        yes_ask_size_fp=quote.yes_ask_size or Decimal(0),
        volume_fp=Decimal(0),
        volume_24h_fp=Decimal(0),
        open_interest_fp=Decimal(0),
        notional_value_dollars=Decimal(1),
        price_level_structure="linear_cent",
        price_ranges=[PriceRange(start=Decimal(0), end=Decimal(1), step=CENT)],
        title=f"SAMPLE: Will more than {strike} people be screened by the TSA on average this week?",
        yes_sub_title=f"SAMPLE: above {strike / 1e6:.2f} million",
        strike_type="greater",
        floor_strike=Decimal(strike),
    )
