"""Fees: the published vectors with their sums, and properties that must hold for any fill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import DataError
from kalshi.pricing import fees

D = Decimal
PRICES = st.integers(1, 9_999).map(lambda n: D(n) / 10_000)
COUNTS = st.integers(1, 1_000_000).map(lambda n: D(n) / 100)


@dataclass(frozen=True)
class Series:
    ticker: str = "KXTSAW"
    fee_type: str = "quadratic"
    fee_multiplier: Decimal = Decimal(1)


@dataclass(frozen=True)
class Event:
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None


@pytest.mark.parametrize(
    "count, price, multiplier, maker_share, raw, direct, cents",
    [
        ("1", "0.45", "1", None, "0.017325", "0.0174", "0.02"),  # F01: 0.07*0.45*0.55
        ("100", "0.45", "1", None, "1.7325", "1.7325", "1.74"),  # F02: 100 times F01
        ("100", "0.45", "0.5", None, "0.86625", "0.8663", "0.87"),  # F03: half of F02
        ("100", "0.45", "1", "quadratic", "0", "0", "0"),  # F04: makers free
        ("100", "0.45", "1", "quadratic_with_maker_fees", "0.433125", "0.4332", "0.44"),  # F05: F02 / 4
        ("100", "0.80", "1", None, "1.12", "1.1200", "1.12"),  # F06: 7*0.16
        ("100", "0.15", "1", None, "0.8925", "0.8925", "0.90"),  # F07: 7*0.1275
        ("333", "0.03", "1", None, "0.678321", "0.6784", "0.68"),  # F08: 23.31*0.0291
        ("200", "0.05", "1", None, "0.665", "0.6650", "0.67"),  # F09: 14*0.0475
        ("1", "0.01", "1", None, "0.000693", "0.0007", "0.01"),  # F10: 0.07*0.0099
        ("1", "0.99", "1", None, "0.000693", "0.0007", "0.01"),  # F10: the same from the other side
        ("100", "0.50", "0.5", None, "0.875", "0.8750", "0.88"),  # F11 before the change: 3.5*0.25
        ("100", "0.50", "1", None, "1.75", "1.7500", "1.75"),  # F11 after: 7*0.25
        ("30", "0.45", "1", None, "0.51975", "0.5198", "0.52"),  # F12: 30 times F01
        ("1", "0.52", "1", None, "0.017472", "0.0175", "0.02"),  # 0.07*0.52*0.48, as seen on demo
    ],
)
def test_vectors(count, price, multiplier, maker_share, raw, direct, cents):
    count, price, multiplier = D(count), D(price), D(multiplier)
    terms = fees.terms_of_type(maker_share or "quadratic", multiplier)
    rate = terms.rate(is_taker=maker_share is None)
    assert fees.model_fee(price, count, rate) == D(raw)
    own_fee = fees.trade_fee(price, count, rate)
    assert own_fee == D(raw)  # none of these needs a seventh decimal
    assert fees.charge(-price * count, own_fee).fee == D(direct)
    assert fees.cent_ceiling(own_fee) == D(cents)


def test_f13_three_fills_of_one_order_get_the_over_rounding_back():
    # Each fill: -0.45 - 0.017325 = -0.467325, floored to -0.4674, over-rounded by 0.000075.
    # Accumulator: 0.000075; 0.000150 -> 0.0001 back, 0.000050 stays; 0.000125 -> 0.0001 back, 0.000025 stays.
    carried, paid, changes = D(0), D(0), []
    for _ in range(3):
        step = fees.charge(D("-0.45"), fees.taker_fee(D("0.45"), D(1)), carried)
        carried, paid = step.carried, paid + step.fee
        changes.append(step.change)
    assert changes == [D("-0.4674"), D("-0.4673"), D("-0.4673")]
    assert paid == D("0.0520")
    assert carried == D("0.000025")


def test_f14_taker_then_maker_in_one_order():
    # Taker: 0.07*40*0.44*0.56 = 0.68992; -17.6 - 0.68992 = -18.28992 -> -18.29, fee 0.69. Maker: free, exact.
    first = fees.charge(D("-17.6"), fees.taker_fee(D("0.44"), D(40)))
    second = fees.charge(D("-27"), fees.maker_fee(D("0.45"), D(60)), first.carried)
    assert (first.fee, second.fee) == (D("0.69"), D(0))


def test_broker_precision_is_a_cent():
    assert fees.charge(D("-0.45"), D("0.017325"), precision=D("0.01")) == fees.Charge(
        D("-0.47"), D("0.02"), D("0.002675")
    )


@pytest.mark.parametrize(
    "price, needed", [("0.01", "0.0107"), ("0.03", "0.0320"), ("0.05", "0.0533"), ("0.10", "0.1063"),
                      ("0.45", "0.4673"), ("0.50", "0.5175")],
)
def test_break_even(price, needed):
    assert fees.break_even(D(price)).quantize(D("0.0001")) == D(needed)


@pytest.mark.parametrize(
    "price, count", [("0.01", 935), ("0.03", 312), ("0.05", 187), ("0.10", 94), ("0.45", 21)]
)
def test_ten_dollars_buy(price, count):
    assert fees.affordable_count(D(10), D(price)) == count


def test_event_override_comes_before_the_series():
    series = Series(fee_multiplier=D("0.5"))
    assert fees.fee_terms(series).multiplier == D("0.5")
    assert fees.fee_terms(series, Event()).multiplier == D("0.5")
    terms = fees.fee_terms(series, Event("quadratic_with_maker_fees", D(2)))
    assert (terms.taker_rate, terms.maker_rate) == (D("0.14"), D("0.035"))
    assert fees.fee_terms(series, Event(None, D(0))).taker_rate == 0


def test_waiver_ends_at_its_own_second():
    end = datetime(2026, 10, 1, tzinfo=UTC)
    before = fees.fee_terms(Series(), waived_until=end, at=end - timedelta(seconds=1))
    after = fees.fee_terms(Series(), waived_until=end, at=end)
    assert (before.taker_rate, after.taker_rate) == (0, D("0.07"))


def test_flat_and_negative_are_refused_and_name_the_series():
    with pytest.raises(DataError, match=r"KXODD.*flat"):
        fees.fee_terms(Series("KXODD", "flat"))
    with pytest.raises(DataError, match=r"KXODD.*fee_multiplier -1"):
        fees.fee_terms(Series("KXODD", fee_multiplier=D(-1)))
    with pytest.raises(DataError, match=r"KXODD.*fee_multiplier 1E\+400000"):
        fees.fee_terms(Series("KXODD", fee_multiplier=D("1E+400000")))


def test_unknown_type_is_charged_on_the_safe_side_with_a_warning(caplog):
    terms = fees.fee_terms(Series("KXNEW", "cubic", D("0.2")))
    assert (terms.taker_rate, terms.maker_rate) == (D("0.07"), D("0.035"))
    assert "unknown fee type" in caplog.text


@pytest.mark.parametrize("price, count", [("-0.01", "1"), ("1.01", "1"), ("0.5", "-1")])
def test_impossible_fills_raise(price, count):
    with pytest.raises(ValueError):
        fees.taker_fee(D(price), D(count))


@given(PRICES, COUNTS)
def test_fee_is_the_same_from_both_sides_and_below_the_bound(price, count):
    fee = fees.taker_fee(price, count)
    assert fee == fees.taker_fee(1 - price, count)
    assert 0 < fee <= fees.fee_bound(price, count)
    assert fees.fee_bound(price, count) - fees.model_fee(price, count, D("0.07")) < D("0.01")


@given(PRICES, PRICES, COUNTS)
def test_price_plus_fee_grows_with_the_price(low, high, count):
    low, high = sorted((low, high))
    rate = fees.TAKER_COEFFICIENT
    assert low * count + fees.model_fee(low, count, rate) <= high * count + fees.model_fee(high, count, rate)


@given(st.lists(st.tuples(PRICES, COUNTS, st.booleans()), min_size=1, max_size=20),
       st.sampled_from([D("0.0001"), D("0.01")]))
def test_accumulator_never_loses_or_invents_money(fills, precision):
    carried = total_fee = total_trade_fee = D(0)
    for price, count, buys in fills:
        revenue = -price * count if buys else price * count
        own_fee = fees.taker_fee(price, count)
        step = fees.charge(revenue, own_fee, carried, precision)
        assert step.change == revenue - step.fee
        assert step.change % precision == 0
        assert step.fee >= 0
        carried, total_fee, total_trade_fee = step.carried, total_fee + step.fee, total_trade_fee + own_fee
    assert total_fee == total_trade_fee + carried
    assert carried >= 0


@given(st.integers(1, 100_000).map(lambda n: D(n) / 100), st.integers(1, 99).map(lambda n: D(n) / 100))
def test_affordable_count_is_the_largest_that_fits(budget, price):
    count = fees.affordable_count(budget, price)
    def cost(n: int) -> Decimal:
        return n * price + fees.fee_bound(price, D(n))
    assert count == 0 or cost(count) <= budget
    assert cost(count + 1) > budget
