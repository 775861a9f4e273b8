"""Events are found by series and closing time; what is not certain is refused by name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import msgspec
import pytest

from kalshi.errors import DataError
from kalshi.exchange.models import Event
from kalshi.index.discovery import event_closing, open_events
from kalshi.index.sample import SampleDay

OPENS = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
CLOSES = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
SNAPSHOT = SampleDay("KXINX", OPENS, CLOSES, OPENS + timedelta(minutes=5)).snapshot()
MARKETS = list(SNAPSHOT.markets)
EVENT = msgspec.structs.replace(SNAPSHOT.event, markets=MARKETS)
changed = msgspec.structs.replace


class Source:
    def __init__(self, *answers: list[Event]) -> None:
        self.answers, self.asked = list(answers), []

    def events(self, **filters: object) -> Iterable[Event]:
        self.asked.append(filters)
        return self.answers.pop(0)


def test_the_event_of_the_session_is_found_among_others() -> None:
    noon = changed(
        EVENT,
        event_ticker="OTHER",
        markets=[changed(m, close_time=CLOSES - timedelta(hours=4)) for m in MARKETS],
    )
    found = event_closing([noon, EVENT], CLOSES)
    assert found is not None and found.event.event_ticker == EVENT.event_ticker
    assert len(found.markets) == 30 and found.ladder.is_exclusive and found.ladder.gaps() == []


def test_none_is_none_and_two_are_named() -> None:
    assert event_closing([EVENT], CLOSES + timedelta(seconds=1)) is None
    assert event_closing([changed(EVENT, markets=None)], CLOSES) is None
    with pytest.raises(
        DataError, match=f"2 events close at 2026-11-24 16:00 EST: {EVENT.event_ticker}, TWIN"
    ):
        event_closing([EVENT, changed(EVENT, event_ticker="TWIN")], CLOSES)


@pytest.mark.parametrize(
    "event, words",
    [
        (changed(EVENT, markets=MARKETS[:2]), "2 markets, fewer than 3"),
        (
            changed(
                EVENT, markets=[*MARKETS[:5], changed(MARKETS[5], close_time=CLOSES + timedelta(hours=1))]
            ),
            "2 closing times",
        ),
        (
            changed(EVENT, markets=[*MARKETS[:5], changed(MARKETS[5], market_type="scalar")]),
            "no yes/no market",
        ),
        (changed(EVENT, markets=[*MARKETS[:5], changed(MARKETS[5], strike_type="functional")]), "functional"),
        (changed(EVENT, markets=[*MARKETS[:5], changed(MARKETS[4], ticker="TWIN")]), "can both win"),
        (changed(EVENT, mutually_exclusive=False), "not certain"),
        (changed(EVENT, markets=[*MARKETS[:5], changed(MARKETS[5], cap_strike=D(1))]), "above cap_strike"),
    ],
)
def test_an_event_that_is_not_what_it_should_be_is_refused(event: Event, words: str) -> None:
    with pytest.raises(DataError, match=words):
        event_closing([event], CLOSES)


def test_fewer_markets_than_usual_are_fine() -> None:
    found = event_closing([changed(EVENT, markets=MARKETS[:7])], CLOSES)
    assert found is not None and found.ladder.gaps() != []


def test_an_empty_answer_is_asked_again_once() -> None:
    waited: list[float] = []
    source = Source([], [EVENT])
    assert open_events(source, "KXINX", sleep=waited.append) == [EVENT]
    assert waited == [3.0]
    assert source.asked == [{"series_ticker": "KXINX", "status": "open", "with_nested_markets": True}] * 2
    assert open_events(Source([], []), "KXINX", sleep=waited.append) == []
    assert open_events(Source([]), "KXINX") == []
