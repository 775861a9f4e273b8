from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.exchange import PaperExchange
from kalshi.tsa.contracts import ladder_probabilities, market_strike
from kalshi.tsa.models import forecast
from kalshi.tsa.sample import sample_ladder, sample_vintages
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import new_york, parse_event_ticker

NOW = new_york(date(2026, 11, 24), 12)


def test_the_ladder_is_repeatable_and_marked() -> None:
    vintages = sample_vintages(NOW)
    ladder = sample_ladder(vintages, NOW)
    assert ladder.to_json() == sample_ladder(sample_vintages(NOW), NOW).to_json()
    assert LadderSnapshot.from_json(ladder.to_json()) == ladder
    assert ladder.source == "SAMPLE"
    assert all("SAMPLE" in market.title for market in ladder.markets)
    assert "SAMPLE" in ladder.event.title
    assert [market_strike(m) for m in ladder.markets] == list(range(1_800_000, 2_800_001, 50_000))
    assert parse_event_ticker(ladder.event.event_ticker) == date(2026, 11, 29)


@pytest.mark.parametrize(
    "now",
    [
        new_york(date(2026, 11, 23), 0, 30),  # Monday, before the real event would open
        new_york(date(2026, 11, 27), 12),
        new_york(date(2026, 11, 29), 23, 58),
        new_york(date(2026, 7, 4), 12),
        new_york(date(2027, 1, 2), 12),
    ],
)
def test_at_any_hour_there_is_an_open_ladder_around_the_forecast(now: datetime) -> None:
    vintages = sample_vintages(now)
    ladder = sample_ladder(vintages, now)
    sunday = parse_event_ticker(ladder.event.event_ticker)
    rungs = ladder_probabilities(ladder.markets, forecast(vintages.known(now), sunday))
    assert rungs[0].prob_yes > 0.9
    assert rungs[-1].prob_yes < 0.1
    for market in ladder.markets:
        assert market.open_time <= now < market.close_time
        assert market.status == "active"
        quote = ladder.books[market.ticker].quote()
        assert quote == market.quote()
        if quote.yes_bid is not None and quote.yes_ask is not None:
            assert Decimal(0) < quote.yes_bid < quote.yes_ask < Decimal(1)
            assert market.no_bid_dollars == 1 - quote.yes_ask


def test_a_level_outside_the_usual_strikes_moves_the_ladder() -> None:
    lower = Vintages.from_counts({row.day: round(row.passengers * 0.7) for row in sample_vintages(NOW).rows})
    strikes = [market_strike(market) for market in sample_ladder(lower, NOW).markets]
    mean = forecast(lower.known(NOW), date(2026, 11, 29), "yoy_hol").mean
    assert strikes[5] < mean < strikes[15]


def test_the_paper_exchange_takes_it() -> None:
    exchange = PaperExchange(None, lambda: NOW + timedelta(seconds=5))
    ladder = sample_ladder(sample_vintages(NOW), NOW)
    exchange.mirror(ladder)
    path = f"/trade-api/v2/markets?event_ticker={ladder.event.event_ticker}&limit=100"
    status, _, body = exchange.handle("GET", path, {}, b"")
    assert status == 200
    assert body.count(b'"ticker"') >= 21
    exchange.close()


def test_now_must_be_aware() -> None:
    with pytest.raises(ValueError, match="time zone"):
        sample_ladder(sample_vintages(NOW), datetime(2026, 11, 24, 12))
    assert sample_ladder(sample_vintages(NOW), NOW.astimezone(UTC)).as_of == NOW
