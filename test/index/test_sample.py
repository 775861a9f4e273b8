"""The made-up index: the same for the same seed, one story over history, minutes and quotes, and marked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import msgspec
import numpy as np
import pytest

from kalshi.errors import DataError
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.index.discovery import checked
from kalshi.index.quotes import spot
from kalshi.index.sample import SampleDay, is_sample, sample_close, sample_closes
from kalshi.index.top_of_book import TopOfBook

OPENS = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
CLOSES = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)


def day(now: datetime, series: str = "KXINX", seed: int = 7) -> SampleDay:
    return SampleDay(series, OPENS, CLOSES, now, seed)


@pytest.mark.parametrize("series", ["KXINX", "KXNASDAQ100"])
@pytest.mark.parametrize("minutes", [-600, -1, 0, 5, 195, 380, 389])
def test_a_ladder_is_complete_quoted_and_marked(series: str, minutes: int) -> None:
    snapshot = day(OPENS + timedelta(minutes=minutes), series).snapshot()
    found = checked(msgspec.structs.replace(snapshot.event, markets=list(snapshot.markets)))
    books = {ticker: TopOfBook.of(market) for ticker, market in found.markets.items()}
    assert len(books) == 30 and found.ladder.is_exclusive and found.ladder.gaps() == []
    assert all(is_sample(ticker) for ticker in books) and snapshot.source == "SAMPLE"
    mids = [top.mid for top in books.values() if top.mid is not None]
    assert len(mids) >= 1 and D("0.7") < sum(mids) < D("1.3")
    assert all(not top.problem.startswith("crossed") for top in books.values())
    assert LadderSnapshot.from_json(snapshot.to_json()) == snapshot


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    now = OPENS + timedelta(minutes=30)
    assert day(now).snapshot() == day(now).snapshot()
    assert day(now).last("^GSPC") != day(now, seed=8).last("^GSPC")


def test_minutes_lead_from_one_close_to_the_next() -> None:
    at_close = day(CLOSES).last("^GSPC")
    assert D(str(at_close.value)) == day(CLOSES).settlement()
    assert at_close.as_of == CLOSES and at_close.source == "SAMPLE"
    before = day(OPENS - timedelta(minutes=1)).last("^GSPC")
    assert before.value == sample_close("^GSPC", date(2026, 11, 23))
    path = [day(OPENS + timedelta(minutes=m)).last("^GSPC").value for m in range(391)]
    assert np.abs(np.diff(np.log(path))).max() < 0.01


def test_the_sample_is_fresh_in_the_session_and_stale_outside() -> None:
    for now, fresh in ((OPENS + timedelta(minutes=5), True), (OPENS - timedelta(minutes=5), False)):
        assert (spot([day(now)], "^GSPC", now, ladder_value=None).quote is not None) is fresh


def test_history_has_tails_and_keeps_plausible_levels() -> None:
    sessions = [
        date(2005, 1, 3) + timedelta(days=d)
        for d in range(7000)
        if (date(2005, 1, 3) + timedelta(days=d)).weekday() < 5
    ]
    closes = np.array(sample_closes("^NDX", sessions).closes)
    returns = np.diff(np.log(closes))
    assert 0.006 < returns.std() < 0.015
    assert ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2 > 3.5
    assert closes.min() > 5_000 and closes.max() < 100_000


def test_what_is_not_made_up_is_said() -> None:
    with pytest.raises(DataError, match="2000-01-01 to 2059-12-31"):
        sample_close("^GSPC", date(1999, 12, 31))
    with pytest.raises(DataError, match="no sample of series KXTSAW"):
        day(OPENS, "KXTSAW").snapshot()
    with pytest.raises(DataError, match="knows no"):
        day(OPENS).last("^NDX")
