"""P&L from fills and settlements is the exchange's own, to the last digit of its books."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kalshi.store.rows import Execution, SettlementRow
from kalshi.trading import books
from kalshi.trading.books import keep_books, open_exposure, open_positions, realized, results, summed
from kalshi.trading.intents import Side
from trading.harness import EVENT, HIGH, LOW, D, Hall, intent

AT = datetime(2026, 10, 5, 14, 0, tzinfo=UTC)


def execution(number: int, **changes: Any) -> Execution:
    values: dict[str, Any] = dict(
        fill_id=f"f-{number}", at=AT + timedelta(minutes=number), ticker="M", event_ticker="E", strategy="a",
        reduces=False, buys_yes=True, count=D(10), yes_price=D("0.40"), fee=D("0.17"),
    )
    return Execution(**{**values, **changes})


def settled(value: str | None = "1", *, revenue: str = "10", yes: str = "10", no: str = "0") -> SettlementRow:
    return SettlementRow(
        "M", "E", "yes", D(yes), D(no), D(revenue), D(0), AT + timedelta(days=1), None if value is None else D(value)
    )


def totals(fills: list[Execution], settlement: SettlementRow | None = None, **more: Any) -> dict[str, Decimal]:
    kept = keep_books(fills, {} if settlement is None else {"M": settlement}, **more)
    return {name: result.net for name, result in summed(kept.entries, "strategy").items()}


def test_a_purchase_costs_its_fee_until_it_is_paid() -> None:
    assert totals([execution(1)]) == {"a": D("-0.17")}
    assert totals([execution(1)], settled()) == {"a": D("5.83")}
    assert totals([execution(1)], settled("0", revenue="0")) == {"a": D("-4.17")}
    assert totals([execution(1, buys_yes=False)], settled("0", yes="0", no="10")) == {"a": D("3.83")}


def test_a_sale_closes_at_the_average_and_the_rest_opens_the_other_side() -> None:
    fills = [
        execution(1, yes_price=D("0.40")),
        execution(2, yes_price=D("0.60")),
        execution(3, yes_price=D("0.70"), buys_yes=False, count=D(25)),
    ]
    kept = keep_books(fills, {})
    assert kept.entries[-1].realized == D(4)  # 20 contracts bought at 0.50 and sold at 0.70
    (held,) = kept.held
    assert (held.quantity, held.cost) == (D(-5), D("1.50"))


def test_what_was_booked_of_a_scalar_result_before_its_value_was_kept_is_known_to_the_cent() -> None:
    assert totals([execution(1)], settled(None, revenue="3.33")) == {"a": D("-0.84")}


def test_an_exit_by_another_job_is_the_result_of_who_held() -> None:
    fills = [execution(1), execution(2, strategy="b", buys_yes=False, reduces=True, yes_price=D("0.30"))]
    assert totals(fills, by_strategy=True) == {"a": D("-1.34")}
    assert totals(fills) == {"a": D("-0.17"), "b": D("-1.17")}  # netted, the fill says whose it was


def test_a_strategy_that_buys_against_another_keeps_a_position_of_its_own() -> None:
    fills = [execution(1), execution(2, strategy="b", buys_yes=False, yes_price=D("0.50"))]
    assert totals(fills, by_strategy=True) == {"a": D("-0.17"), "b": D("-0.17")}
    assert totals(fills, settled(revenue="0", yes="0"), by_strategy=True) == {"a": D("5.83"), "b": D("-5.17")}
    assert sum(totals(fills).values()) == D("0.66")  # the exchange has paid this pair already


def test_a_day_is_one_of_new_york() -> None:
    late = datetime(2026, 10, 6, 3, 30, tzinfo=UTC)
    assert list(summed(keep_books([execution(1, at=late)], {}).entries, "day")) == ["2026-10-05"]


@settings(max_examples=100, deadline=None)
@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from("abc"), st.booleans(), st.integers(1, 500), st.integers(1, 99), st.booleans(),
            st.decimals(0, 1, places=4),
        ),
        min_size=1, max_size=15,
    ),
    value=st.sampled_from(["0", "1", "0.3333", "0.5"]),
)  # fmt: skip
def test_strategies_add_up_to_the_account_once_all_is_settled(drawn: list[Any], value: str) -> None:
    """Cash is the third way to count: paid, got, and the last payment."""
    fills = [
        execution(
            number, strategy=strategy, buys_yes=buys, count=D(count) / 100, yes_price=D(price) / 100, fee=D(fee),
            reduces=reduces,
        )
        for number, (strategy, buys, count, price, reduces, fee) in enumerate(drawn)
    ]  # fmt: skip
    account, strategies = totals(fills, settled(value)), totals(fills, settled(value), by_strategy=True)
    signed = [(fill.count if fill.buys_yes else -fill.count) for fill in fills]
    cash = sum((-s * fill.yes_price - fill.fee for s, fill in zip(signed, fills, strict=True)), D(0))
    exact = cash + sum(signed, D(0)) * D(value)
    assert sum(account.values()) == sum(strategies.values())
    assert exact - D("0.0001") < sum(account.values()) <= exact


# --- against the paper exchange

ACTION = st.tuples(
    st.sampled_from([LOW, HIGH]),
    st.sampled_from(list(Side)),
    st.integers(1, 1500),  # hundredths of a contract
    st.sampled_from(["take", "rest", "walk"]),
    st.sampled_from(["tsa", "other"]),
)
QUOTES = st.tuples(st.integers(5, 90), st.integers(1, 6), st.integers(1, 900))


@contextmanager
def new_hall() -> Iterator[Hall]:
    with tempfile.TemporaryDirectory() as folder:
        hall = Hall(Path(folder))
        yield hall
        hall.close()


def trade(hall: Hall, number: int, action: Any, bid: Decimal, ask: Decimal) -> None:
    ticker, side, hundredths, how, strategy = action
    touch = ask if side is Side.YES else 1 - bid
    price = {"take": touch, "rest": touch - D("0.02"), "walk": min(D("0.99"), touch + D("0.05"))}[how]
    wanted = intent(
        ticker=ticker, side=side, count=D(hundredths) / 100, price=max(D("0.01"), price), strategy=strategy,
        purpose=f"p-{number}",
    )
    hall.desk().submit(wanted, hall.market(ticker))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(st.tuples(QUOTES, st.lists(ACTION, max_size=3)), min_size=1, max_size=6),
    ends=st.tuples(*[st.sampled_from(["yes", "no", "scalar", ""])] * 2),
    scalar=st.decimals("0.0001", "0.9999", places=4),
)
def test_random_trading_gives_the_exchanges_own_figures(steps: Any, ends: Any, scalar: Decimal) -> None:
    """Both sides, partial fills, fractions, sales, makers and takers, and every kind of result."""
    with new_hall() as hall:
        number = 0
        for (bid, spread, size), actions in steps:
            low, high = D(bid) / 100, D(min(99, bid + spread)) / 100
            hall.show(bid=str(low), ask=str(high), size=str(D(size) / 100))
            for action in actions:
                number += 1
                trade(hall, number, action, low, high)
        hall.new_client().cancel_all_orders()
        hall.sleep(60)
        assert hall.desk().reconcile() == []
        for ticker, result in zip((LOW, HIGH), ends, strict=True):
            if result:
                hall.exchange.settle(ticker, result, scalar if result == "scalar" else None)
        hall.sleep(60)
        assert hall.desk().reconcile() == []
        compare_with_exchange(hall)


def compare_with_exchange(hall: Hall) -> None:
    client = hall.new_client()
    there = {row.ticker: row for row in client.positions(settlement_status="all")}
    ours = results(hall.store, "market")
    held = {position.ticker: position for position in open_positions(hall.store)}
    for ticker, row in there.items():
        mine = ours.get(ticker, books.Result(D(0), D(0)))
        assert mine.realized == row.realized_pnl_dollars, ticker
        assert mine.fees == row.fees_paid_dollars, ticker
        quantity, cost = (held[ticker].quantity, held[ticker].cost) if ticker in held else (D(0), D(0))
        assert (quantity, cost) == (row.position_fp, row.market_exposure_dollars)
    assert {ticker for ticker, one in ours.items() if one != books.Result(D(0), D(0))} <= set(there)
    # The account itself: what is booked, less what is still bound, is the change of the cash.
    bound = sum((position.cost for position in held.values()), D(0))
    change = client.balance().balance_dollars - D(1000)
    assert sum((one.net for one in ours.values()), D(0)) - bound == change
    everything = sum((one.net for one in results(hall.store, "event").values()), D(0))
    assert everything == sum((one.net for one in results(hall.store, "day").values()), D(0)) == change + bound
    if not held:
        assert realized(hall.store) == change


def test_what_was_booked_since_and_by_whom(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44"), strategy="a"), hall.market())
    hall.sleep(3600)
    later = hall.now
    hall.desk().submit(intent(ticker=HIGH, price=D("0.44"), strategy="b", count=D(5)), hall.market(HIGH))
    hall.desk().reconcile()
    first, second = realized(hall.store, strategy="a"), realized(hall.store, since=later)
    assert first < 0 and second < 0 and realized(hall.store) == first + second
    assert realized(hall.store, since=later, strategy="a") == 0
    assert list(results(hall.store, "strategy", since=later)) == ["b"]
    (exposure,) = open_exposure(hall.store).values()
    assert exposure.held == D("0.44") * 15 and exposure.resting == 0


def test_exposure_counts_what_rests_and_what_may_have_been_sent(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.30"), count=D(10)), hall.market())
    assert list(open_exposure(hall.store)) == [EVENT]
    assert open_exposure(hall.store)[EVENT].resting == D(3) + hall.store.orders()[0].fee_bound
