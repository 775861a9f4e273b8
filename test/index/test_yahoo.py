"""yfinance itself over loopback: recorded and broken answers, refusals in waves, and how often it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from index.yahoo_site import EMPTY, Site, chart, yahoo_site
from kalshi.errors import DataError
from kalshi.index.history import SP500
from kalshi.index.quotes import IndexQuote, spot
from kalshi.index.yahoo import YahooMinutes, yahoo_daily

# yfinance itself uses what pandas is about to drop
pytestmark = pytest.mark.filterwarnings("ignore")
OPEN = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
MINUTES = [OPEN + timedelta(minutes=i) for i in range(4)]
NOW = MINUTES[-1] + timedelta(seconds=70)
GOOD = (200, chart(MINUTES, [6000.0, 6000.5, 6001.0, 6002.25]))
NAN_LAST = (200, chart(MINUTES, [6000.0, 6000.5, 6001.0, None]))
HTML = (200, b"<html><title>Yahoo</title>We will be right back</html>")
WAVE = (429, b"Too Many Requests")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    import yfinance

    folder = tmp_path_factory.mktemp("yahoo")
    yfinance.set_tz_cache_location(str(folder))
    with yahoo_site(folder) as served:
        yield served


def source(site: Site, *answers: tuple[int, bytes]) -> tuple[YahooMinutes, list[float]]:
    waited: list[float] = []
    site.answers, site.asked = list(answers), []
    return YahooMinutes(site.ticker, timeout_s=5, sleep=waited.append), waited


def test_the_last_minute_with_its_own_time_is_asked_for_once(site: Site) -> None:
    yahoo, waited = source(site, GOOD)
    first = yahoo.last(SP500)
    assert first == IndexQuote(SP500, 6002.25, MINUTES[-1], "yfinance")
    assert yahoo.last(SP500) is first and len(site.asked) == 1 and waited == []
    assert "interval=1m" in site.asked[0] and "range=1d" in site.asked[0]


def test_a_minute_without_a_close_is_not_the_last_one(site: Site) -> None:
    yahoo, _ = source(site, NAN_LAST)
    found = yahoo.last(SP500)
    assert (found.value, found.as_of) == (6001.0, MINUTES[2])


def test_a_stale_last_bar_is_told_by_its_own_time(site: Site) -> None:
    yahoo, _ = source(site, GOOD)
    late = spot([yahoo], SP500, MINUTES[-1] + timedelta(seconds=121), ladder_value=None)
    assert late.quote is None and "yfinance says 6002.25, but 121 s old (at most 120)" in late.reason
    assert spot([yahoo], SP500, NOW, ladder_value=None).quote is not None


def test_a_wave_of_refusals_passes_within_two_repetitions(site: Site) -> None:
    yahoo, waited = source(site, WAVE, WAVE, GOOD)  # yfinance itself asks twice
    assert yahoo.last(SP500).value == 6002.25 and waited == [1.0]


@pytest.mark.parametrize(
    "answer, words",
    [
        (WAVE, "YFRateLimitError"),
        (HTML, "yfinance gave no price"),
        ((200, EMPTY), "yfinance gave no price"),
        ((404, EMPTY), "yfinance gave no price"),
        ((500, b""), "yfinance gave no price"),
        ((200, chart(MINUTES, [None] * 4)), "yfinance gave no price"),
        ((200, b'{"chart": {"result": [{}], "error": null}}'), "yfinance gave no price"),
    ],
)
def test_what_stays_broken_is_one_line_after_three_attempts(
    site: Site, answer: tuple[int, bytes], words: str
) -> None:
    yahoo, waited = source(site, answer)
    with pytest.raises(DataError, match=words) as raised:
        yahoo.last(SP500)
    assert waited == [1.0, 2.0] and "\n" not in str(raised.value) and len(str(raised.value)) < 300


def test_a_host_that_is_not_there_is_one_line(site: Site) -> None:
    gone = Site(port=9)
    with pytest.raises(DataError, match="yfinance gave no price"):
        YahooMinutes(gone.ticker, sleep=lambda s: None).last(SP500)


def test_daily_bars_with_the_last_day_included(site: Site) -> None:
    days = [datetime(2026, 11, day, 14, 30, tzinfo=UTC) for day in (23, 24, 25)]
    site.answers, site.asked = [(200, chart(days, [6000.0, None, 6010.5]))], []
    found = yahoo_daily(SP500, date(2026, 11, 23), date(2026, 11, 25), ticker=site.ticker)
    assert [(bar.day.day, bar.close, bar.low) for bar in found] == [(23, 6000.0, 5999.0), (25, 6010.5, 6009.5)]
    end = int(datetime(2026, 11, 26, 5, tzinfo=UTC).timestamp())  # exclusive there: midnight in New York after it
    assert f"period2={end}" in site.asked[-1]


# frames that the library may hand over in other versions


class Frame:
    def __init__(self, frame: Any) -> None:
        self.frame = frame

    def __call__(self, symbol: str) -> Frame:
        return self

    def history(self, **_: Any) -> Any:
        if isinstance(self.frame, Exception):
            raise self.frame
        return self.frame


def minutes(zone: str | None, columns: Any = ("Close",)) -> pd.DataFrame:
    times = pd.date_range("2026-11-24 09:58", periods=2, freq="min", tz=zone)
    return pd.DataFrame([[6000.0] * len(columns), [6001.5] * len(columns)], index=times, columns=columns)


def test_columns_with_the_symbol_as_a_second_level_are_read() -> None:
    frame = minutes("America/New_York", pd.MultiIndex.from_tuples([("Close", "^GSPC")]))
    assert YahooMinutes(Frame(frame)).last(SP500).value == 6001.5


@pytest.mark.parametrize(
    "frame, word",
    [
        (minutes(None), "time zone"),
        (minutes("UTC")[:0], "the answer is empty"),
        (minutes("UTC", ("Open",)), "KeyError"),
        (minutes("UTC", pd.MultiIndex.from_tuples([("Close", "^GSPC"), ("Close", "^NDX")])), "2 columns Close"),
        (OSError("no route"), "no route"),
    ],
)
def test_frames_that_are_not_what_they_should_be_are_one_line(frame: Any, word: str) -> None:
    with pytest.raises(DataError, match=word):
        YahooMinutes(Frame(frame), sleep=lambda seconds: None).last(SP500)
    if isinstance(frame, OSError):
        with pytest.raises(DataError, match="no route"):
            yahoo_daily(SP500, date(2026, 11, 23), date(2026, 11, 24), ticker=Frame(frame))
