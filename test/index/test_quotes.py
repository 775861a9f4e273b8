"""A price of the index is used only when it is fresh, possible and not contradicted by the ladder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from kalshi.errors import DataError
from kalshi.index.ladder import Ladder
from kalshi.index.quotes import IndexQuote, ladder_median, spot
from kalshi.index.top_of_book import TopOfBook

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Strikes:
    ticker: str
    strike_type: str | None
    floor_strike: D | None = None
    cap_strike: D | None = None


@dataclass(frozen=True)
class Source:
    value: float = 6000.0
    age_s: int = 30
    error: str = ""

    def last(self, symbol: str) -> IndexQuote:
        if self.error:
            raise DataError(self.error)
        return IndexQuote(symbol, self.value, NOW - timedelta(seconds=self.age_s), "test")


def test_a_fresh_agreeing_price_is_taken() -> None:
    found = spot([Source()], "^GSPC", NOW, ladder_value=D("6005"), prior_close=5990.0)
    assert found.quote is not None and found.cross_checked
    assert "30 s old, agrees with the ladder" in found.reason


@pytest.mark.parametrize(
    "source, word",
    [
        (Source(age_s=121), "121 s old"),
        (Source(age_s=-91), "future"),
        (Source(value=6700), "more than 10% from the last close"),
        (Source(value=0.0), "no index level"),
        (Source(value=float("nan")), "no index level"),
        (Source(value=float("inf")), "no index level"),
        (Source(value=6013.0), "the ladder implies 6000.00"),
        (Source(error="rate limited"), "rate limited"),
    ],
)
def test_a_doubtful_price_is_refused_with_the_reason(source: Source, word: str) -> None:
    found = spot([source], "^GSPC", NOW, ladder_value=D(6000), prior_close=6000.0)
    assert found.quote is None and word in found.reason


def test_both_sides_of_the_age_limit() -> None:
    assert spot([Source(age_s=120)], "^GSPC", NOW, ladder_value=None).quote is not None
    assert spot([Source(age_s=121)], "^GSPC", NOW, ladder_value=None).quote is None


def test_without_a_word_of_the_ladder_two_sources_check_each_other() -> None:
    close = spot([Source(), Source(value=6011.9)], "^GSPC", NOW, ladder_value=None)
    assert close.quote is not None and close.quote.value == 6000.0 and close.cross_checked
    assert "no cross-check by the ladder, agrees with test" in close.reason
    apart = spot([Source(), Source(value=6012.1)], "^GSPC", NOW, ladder_value=None)
    assert apart.quote is None and "test says 6000.00, but test 6012.10 (more than 0.20% apart)" in apart.reason


def test_the_ladder_decides_between_two_sources() -> None:
    found = spot([Source(value=6100.0), Source(value=6001.0)], "^GSPC", NOW, ladder_value=D(6000))
    assert found.quote is not None and found.quote.value == 6001.0 and found.cross_checked


def test_the_second_source_is_asked_and_both_reasons_are_kept() -> None:
    found = spot([Source(error="down"), Source()], "^GSPC", NOW, ladder_value=None)
    assert found.quote is not None and not found.cross_checked and "no cross-check" in found.reason
    both = spot([Source(error="down"), Source(age_s=999)], "^GSPC", NOW, ladder_value=None)
    assert "down; test says 6000.00, but 999 s old" in both.reason
    assert "no source" in spot([], "^GSPC", NOW, ladder_value=None).reason


def book(bid: str, ask: str, size: int = 100) -> TopOfBook:
    return TopOfBook(D(bid), D(ask), D(size), D(size))


THRESHOLDS = Ladder.of("E", False, [Strikes(f"T{k}", "greater_or_equal", D(k)) for k in range(5980, 6025, 5)])
PRICES = ["0.90", "0.80", "0.70", "0.60", "0.52", "0.42", "0.30", "0.20", "0.10"]
NESTED = {t: book(p, str(D(p) + D("0.02"))) for t, p in zip(THRESHOLDS.tickers, PRICES, strict=True)}


def test_median_of_thresholds_is_interpolated() -> None:
    # mids .53 at 6000 and .43 at 6005: even at 6000 + 5 * .03 / .10
    assert ladder_median(THRESHOLDS, NESTED) == (D("6001.5"), "")


RANGES = Ladder.of(
    "E",
    True,
    [Strikes("LOW", "less", cap_strike=D(5900))]
    + [Strikes(f"B{k}", "between", D(k), D(k + 25) - D("0.0001")) for k in range(5900, 6100, 25)]
    + [Strikes("HIGH", "greater_or_equal", D(6100))],
)


def test_median_of_ranges_is_interpolated() -> None:
    prices = ["0.01", "0.02", "0.05", "0.10", "0.29", "0.28", "0.12", "0.05", "0.02", "0.01"]
    books = {t: book(p, str(D(p) + D("0.01"))) for t, p in zip(RANGES.tickers, prices, strict=True)}
    value, reason = ladder_median(RANGES, books)
    # mids add to 1.00; below 6000 lies .495; so .005 of .285 into 6000..6025
    assert reason == "" and value is not None and round(value, 2) == D("6000.44")


@pytest.mark.parametrize(
    "books, word",
    [
        ({}, "both sides"),
        ({t: book("0.10", "0.12") for t in NESTED}, "both sides"),
        ({t: TopOfBook(b.yes_bid, b.yes_ask, D(5), D(5)) for t, b in NESTED.items()}, "quoted tightly"),
        (
            {
                t: book(str(b.yes_bid - D("0.02")), str(b.yes_ask + D("0.02")))
                for t, b in NESTED.items()
                if b.yes_bid and b.yes_ask
            },
            "quoted tightly",
        ),
    ],
)
def test_a_ladder_that_is_not_really_quoted_says_nothing(books: dict[str, TopOfBook], word: str) -> None:
    value, reason = ladder_median(THRESHOLDS, books)
    assert value is None and word in reason


def test_ranges_that_do_not_add_up_say_nothing() -> None:
    value, reason = ladder_median(RANGES, {t: book("0.40", "0.42") for t in RANGES.tickers})
    assert value is None and "add up to 4.10" in reason


@dataclass(frozen=True)
class Quoted:
    yes_bid_dollars: D | None
    yes_ask_dollars: D | None
    yes_bid_size_fp: D | None
    yes_ask_size_fp: D | None


@pytest.mark.parametrize(
    "market, problem",
    [
        (Quoted(D("0.40"), D("0.42"), D(5), D(5)), ""),
        (Quoted(D("0.0000"), D("1.0000"), D(0), D(0)), "no quotes"),
        (Quoted(D("0.0000"), D("0.0000"), D(0), D(0)), "no quotes"),
        (Quoted(None, None, None, None), "no quotes"),
        (Quoted(D("0.40"), D("0.42"), D(0), D(5)), "one-sided: no YES bid"),
        (Quoted(D("0.40"), D("1.0000"), D(5), D(5)), "one-sided: no YES ask"),
        (Quoted(D("0.43"), D("0.42"), D(5), D(5)), "crossed book"),
        (Quoted(D("0.42"), D("0.42"), D(5), D(5)), "crossed book"),
    ],
)
def test_what_is_no_quote(market: Quoted, problem: str) -> None:
    top = TopOfBook.of(market)
    assert top.problem.startswith(problem) if problem else top.problem == ""
    assert (top.mid is None) is bool(problem)
