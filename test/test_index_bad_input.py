"""What a day can bring that is not as it should be: each a decision with its reason, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import msgspec

from index.served_scripts import Scripts, Spoil, scripts
from kalshi.exchange.models import Market, OrderBook
from kalshi.exchange.snapshot import LadderSnapshot

__all__ = ["scripts"]  # the fixture
changed = msgspec.structs.replace


def markets_of(count: int) -> Spoil:
    """Only so many markets, or as many more above the last range, before the upper tail."""

    def spoil(shown: LadderSnapshot) -> LadderSnapshot:
        markets = list(shown.markets)
        if count <= len(markets):
            return kept(shown, markets[:count])
        *inner, top = markets
        last, width = inner[-1], (inner[-1].floor_strike or D(0)) - (inner[-2].floor_strike or D(0))
        for step in range(1, count - len(markets) + 1):
            floor, cap = (value + width * step for value in (last.floor_strike or D(0), last.cap_strike or D(0)))
            more = changed(last, ticker=f"{last.event_ticker}-B{floor:f}", floor_strike=floor, cap_strike=cap)
            inner.append(unquoted(more))
        above = changed(top, floor_strike=inner[-1].cap_strike)
        return kept(shown, [*inner, above])

    return spoil


def kept(shown: LadderSnapshot, markets: list[Market]) -> LadderSnapshot:
    books = {market.ticker: shown.books.get(market.ticker, OrderBook([], [])) for market in markets}
    return changed(shown, markets=tuple(markets), books=books)


def unquoted(market: Market) -> Market:
    return changed(
        market, yes_bid_dollars=D(0), yes_ask_dollars=D(1), no_bid_dollars=D(0), no_ask_dollars=D(1),
        yes_bid_size_fp=D(0), yes_ask_size_fp=D(0),
    )  # fmt: skip


def all_books(make: Callable[[OrderBook], OrderBook]) -> Spoil:
    def spoil(shown: LadderSnapshot) -> LadderSnapshot:
        books = {ticker: make(book) for ticker, book in shown.books.items()}
        markets = []
        for market in shown.markets:
            bid, ask = books[market.ticker].best_yes_bid(), books[market.ticker].best_yes_ask()
            values: dict[str, Any] = {
                "yes_bid_dollars": bid.price if bid else D(0), "yes_bid_size_fp": bid.count if bid else D(0),
                "yes_ask_dollars": ask.price if ask else D(1), "yes_ask_size_fp": ask.count if ask else D(0),
            }  # fmt: skip
            values |= {"no_bid_dollars": 1 - values["yes_ask_dollars"], "no_ask_dollars": 1 - values["yes_bid_dollars"]}
            markets.append(changed(market, **values))
        return changed(shown, markets=tuple(markets), books=books)

    return spoil


def no_posts(requests: dict[str, int]) -> bool:
    return set(requests) <= {"GET"}


def test_no_event_today_is_said_and_ends_well(scripts: Scripts) -> None:
    scripts.shown = set()
    for script, at in (("morning", "09:35"), ("afternoon", "15:50"), ("main", "10:00")):
        requests, said = scripts.start(script, at)
        assert "no open KXINX event closes at 2026-11-24 16:00 EST" in said and no_posts(requests)


def test_two_markets_are_no_ladder_and_seven_are_traded(scripts: Scripts) -> None:
    requests, said = scripts.start("morning", "09:35", code=3, spoil=markets_of(2))
    assert "lists 2 markets, fewer than 3" in said and no_posts(requests)


def test_fewer_brackets_than_usual_are_a_smaller_blanket(scripts: Scripts) -> None:
    requests, said = scripts.start("morning", "09:35", spoil=markets_of(16))
    assert "16 markets" in said and 2 <= requests["POST"] < 12


def test_more_brackets_than_usual_are_read_and_those_without_quotes_skipped(scripts: Scripts) -> None:
    requests, said = scripts.start("morning", "09:35", spoil=markets_of(45))
    assert "45 markets" in said and "skip no quotes" in said and requests["POST"] == 12


def test_a_book_with_one_side_everywhere_takes_no_order(scripts: Scripts) -> None:
    one_sided = all_books(lambda book: OrderBook(book.yes_dollars, []))
    requests, said = scripts.start("morning", "09:35", spoil=one_sided)
    assert "one-sided: no YES ask" in said and "a blanket needs two legs" in said and no_posts(requests)


def test_an_empty_book_everywhere_is_no_cross_check_and_takes_no_order(scripts: Scripts) -> None:
    empty = all_books(lambda book: OrderBook([], []))
    requests, said = scripts.start("nasdaq_daily_every_10_minutes", "10:10", spoil=empty)
    assert "no cross-check by the ladder" in said and "nobody offers YES" in said and no_posts(requests)


def test_a_ladder_that_overlaps_or_is_not_called_exclusive_is_refused(scripts: Scripts) -> None:
    def overlaps(shown: LadderSnapshot) -> LadderSnapshot:
        markets = list(shown.markets)
        markets[5] = changed(markets[5], cap_strike=markets[6].cap_strike)
        return changed(shown, markets=tuple(markets))

    requests, said = scripts.start("morning", "09:35", code=3, spoil=overlaps)
    assert "can both win: not traded" in said and no_posts(requests)


def test_a_ladder_with_a_hole_is_not_valued(scripts: Scripts) -> None:
    def hole(shown: LadderSnapshot) -> LadderSnapshot:
        return kept(shown, [*shown.markets[:12], *shown.markets[13:]])

    requests, said = scripts.start("before_close", "10:00", "--trade", spoil=hole)
    assert "does not cover every outcome (missing:" in said and no_posts(requests)


def test_one_event_split_into_two_of_the_same_close_is_refused_by_name(scripts: Scripts) -> None:
    scripts.show("09:35")

    def twin(shown: LadderSnapshot) -> LadderSnapshot:
        name = f"{shown.event.event_ticker}X"
        markets = [
            changed(m, ticker=m.ticker.replace(shown.event.event_ticker, name), event_ticker=name)
            for m in shown.markets
        ]
        books = {m.ticker: OrderBook([], []) for m in markets}
        event = changed(shown.event, event_ticker=name)
        return changed(shown, event=event, markets=tuple(map(unquoted, markets)), books=books)

    requests, said = scripts.start("morning", "09:35", code=3, spoil=twin)
    assert "2 events close at 2026-11-24 16:00 EST: KXINX-26NOV24H1600SAMPLE, KXINX-26NOV24H1600SAMPLEX" in said
    assert no_posts(requests)


def test_a_pause_before_the_first_order_is_said(scripts: Scripts) -> None:
    scripts.show("09:35")
    scripts.exchange.pause("trading")
    requests, said = scripts.start("morning", "09:35")
    assert "the exchange is paused on shard 0" in said and no_posts(requests)


def test_a_pause_in_the_middle_of_the_blanket_takes_back_what_was_placed(scripts: Scripts) -> None:
    def pause_after(count: int) -> None:
        handle = scripts.exchange.handle

        def counting(method: str, path: str, headers: Any, body: bytes) -> Any:
            if method == "POST" and sum(line.startswith("POST") for line in scripts.seen) == count + 1:
                scripts.exchange.pause("trading")
            return handle(method, path, headers, body)

        scripts.exchange.handle = counting  # type: ignore[method-assign]

    pause_after(5)
    requests, said = scripts.start("morning", "09:35")
    assert "Half-way:" in said and "the 5 orders placed before it are taken back" in said
    assert requests["POST"] == 6 and requests["DELETE"] == 5
    assert "Now 0 own orders rest" in said
    with scripts.exchange.view() as world:
        assert not [order for order in world.orders.values() if order.status == "resting"]


def test_a_market_that_is_paused_is_passed_over_by_the_blanket(scripts: Scripts) -> None:
    def paused(shown: LadderSnapshot) -> LadderSnapshot:
        likeliest = max(shown.markets, key=lambda market: market.yes_bid_dollars)
        markets = [changed(m, status="inactive") if m is likeliest else m for m in shown.markets]
        return changed(shown, markets=tuple(markets))

    requests, said = scripts.start("morning", "09:35", spoil=paused)
    assert requests["POST"] == 11 and "Half-way" not in said


