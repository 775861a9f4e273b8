"""Clocks that jump, repeat an hour or change the date: a decision stays one order, and old prices buy nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kalshi.store.schema import ACCEPTED
from kalshi.trading.desk import OrderOutcome
from kalshi.trading.intents import NEW_YORK
from trading.harness import CREATE, SMALL, D, Hall, intent, market_of

TAKEN, REJECTED, REFUSED, UNKNOWN = OrderOutcome


FAR = datetime(2030, 1, 1, tzinfo=UTC)


class LaterHall(Hall):
    """A hall whose market stays open for years, so that its clock can stand anywhere."""

    def show(self, **changes: object) -> None:  # type: ignore[override]
        super().show(close_time=FAR, **changes)  # type: ignore[arg-type]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = LaterHall(tmp_path)
    yield hall
    hall.close()


def at(hall: Hall, utc: str) -> None:
    hall.now = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    hall.show()


def test_a_laptop_that_slept_between_reading_and_ordering_buys_nothing(hall: Hall) -> None:
    market, read_at = hall.market(), hall.now
    desk = hall.desk(ends_by=hall.now + timedelta(minutes=15))
    assert desk.submit(intent(purpose="before"), market, quoted_at=read_at).outcome is TAKEN
    hall.sleep(8 * 3600)  # the lid was closed: timers stood still, the wall clock did not
    sent = hall.network.count(CREATE)
    refused = desk.submit(intent(purpose="after"), market, quoted_at=read_at)
    assert refused.outcome is REFUSED and refused.control == "quote age"
    refused = desk.submit(intent(purpose="no time given"), market)
    assert refused.outcome is REFUSED and refused.control == "run time"
    assert hall.network.count(CREATE) == sent
    assert hall.desk(run_id="next run").submit(intent(purpose="after"), hall.market()).outcome is TAKEN


def test_a_run_that_is_late_may_still_close(hall: Hall) -> None:
    desk = hall.desk(ends_by=hall.now + timedelta(minutes=15))
    assert desk.submit(intent(price=D("0.44")), hall.market()).filled == 10
    hall.sleep(3600)
    assert desk.flatten(hall.market(), D("0.30")).remaining == 0


def test_a_clock_set_back_does_not_make_quotes_of_the_future_usable_for_ever(hall: Hall) -> None:
    hall.show()
    market = hall.market()
    ahead = hall.now + timedelta(hours=2)  # read before somebody set the clock back
    report = hall.desk().submit(intent(), market, quoted_at=ahead)
    assert report.outcome is REFUSED and report.control == "quote age"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-11-01T05:30", "2026-11-01T06:30"),  # 01:30 twice in New York
        ("2027-03-14T06:59", "2027-03-14T07:01"),  # 01:59, then 03:01
        ("2026-10-09T23:30", "2026-10-10T00:30"),  # midnight of UTC, evening in New York
        ("2026-12-31T23:30", "2027-01-01T04:30"),  # a year in UTC, not yet one in New York
        ("2028-02-29T12:00", "2028-03-01T04:00"),
    ],
)
def test_the_same_decision_on_both_sides_of_a_clock_change_is_one_order(hall: Hall, first: str, second: str) -> None:
    reports = []
    for moment in (first, second):
        at(hall, moment)
        run_date = hall.now.astimezone(NEW_YORK).date()
        reports.append(hall.desk(run_id=moment).submit(intent(run_date=run_date), hall.market()))
    assert reports[0].client_order_id == reports[1].client_order_id and reports[1].earlier
    assert hall.network.count(CREATE) == 1


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-10-10T03:59", date(2026, 10, 9)),  # 23:59 EDT
        ("2026-10-10T04:00", date(2026, 10, 10)),
        ("2026-11-02T04:59", date(2026, 11, 1)),  # 23:59 EST
        ("2027-01-01T04:59", date(2026, 12, 31)),
        ("2028-03-01T04:59", date(2028, 2, 29)),
    ],
)
def test_an_exit_bears_new_yorks_date(hall: Hall, moment: str, day: date) -> None:
    at(hall, moment)
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    hall.desk().flatten(hall.market(), D("0.30"))
    (exit_,) = [row for row in hall.store.orders() if row.reduces]
    assert exit_.run_date == day and exit_.state == ACCEPTED


@pytest.mark.parametrize("start", ["2026-10-31T18:00", "2027-03-13T18:00", "2026-12-31T20:00", "2028-02-28T20:00"])
def test_the_limit_of_a_day_is_24_hours_also_when_a_day_is_not(hall: Hall, start: str) -> None:
    limits = replace(SMALL, strategy_cost=D("5.00"))
    at(hall, start)
    hall.desk(limits=limits).submit(intent(price=D("0.44")), hall.market())
    hall.desk().flatten(hall.market(), D("0.30"))
    begun = hall.now
    event = "KXTSAW-26OCT18"
    other = intent(event_ticker=event, ticker=f"{event}-A2.50")
    market = market_of(other.ticker, event_ticker=event, close_time=FAR)
    hall.now = begun + timedelta(hours=23, minutes=59, seconds=50)
    assert hall.desk(limits=limits).submit(other, market).control == "strategy cost"
    hall.now = begun + timedelta(hours=24, seconds=1)
    assert hall.desk(limits=limits).submit(other, market).outcome is not REFUSED
