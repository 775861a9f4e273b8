"""Token buckets: never more than the account's own rate, checked with a clock that only sleeping moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.exchange.pacing import SHARE, Pacer, TokenBucket


class Ticker:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


CALLS = st.lists(st.tuples(st.floats(0, 600), st.floats(0, 3)), max_size=40)


@given(st.floats(0.5, 500), st.floats(1, 500), CALLS)
def test_what_was_taken_never_exceeds_capacity_plus_refill(rate, capacity, calls):
    ticker = Ticker()
    bucket = TokenBucket(rate, capacity, clock=ticker, sleep=ticker.sleep)
    start, taken = ticker.now, 0.0
    for cost, idle in calls:
        ticker.now += idle
        waited = bucket.take(cost)
        taken += cost
        assert waited >= 0
        allowed = capacity + (ticker.now - start) * rate
        assert taken <= allowed + max(0.0, cost - capacity) + 1e-6 * (1 + allowed)


def test_a_full_bucket_pays_at_once_and_an_empty_one_waits_for_the_difference():
    ticker = Ticker()
    bucket = TokenBucket(10, 30, clock=ticker, sleep=ticker.sleep)
    assert [bucket.take(10) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(10) == pytest.approx(1.0)
    ticker.now += 0.5
    assert bucket.take(10) == pytest.approx(0.5)
    ticker.now += 1000
    assert [bucket.take(10) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(1) == pytest.approx(0.1)


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing():
    ticker = Ticker()
    bucket = TokenBucket(10, 10, clock=ticker, sleep=ticker.sleep)
    bucket.take(10)
    ticker.now -= 100
    assert bucket.take(10) == pytest.approx(1.0)


def test_reads_writes_and_the_balance_have_their_own_buckets():
    ticker = Ticker()
    pacer = Pacer(clock=ticker, sleep=ticker.sleep)
    for _ in range(20):
        assert pacer.pace("GET", "/markets") == 0
    assert pacer.pace("GET", "/markets") == pytest.approx(10 / (200 * SHARE))
    for _ in range(10):
        assert pacer.pace("POST", "/portfolio/events/orders") == 0
    assert pacer.pace("POST", "/portfolio/events/orders") == pytest.approx(10 / (100 * SHARE))
    assert pacer.pace("GET", "/portfolio/balance") == 0
    assert pacer.pace("GET", "/portfolio/balance") == pytest.approx(1 / SHARE)


def test_prices_of_the_endpoints():
    pacer = Pacer()
    assert pacer.cost("GET", "/portfolio/orders/{order_id}") == 2
    assert pacer.cost("DELETE", "/portfolio/events/orders/{id}") == 2
    assert pacer.cost("POST", "/portfolio/events/orders") == 10
    pacer.use_costs(12, {("DELETE", "/trade-api/v2/portfolio/events/orders/:order_id"): 3})
    assert pacer.cost("DELETE", "/portfolio/events/orders/{order_id}") == 3
    assert pacer.cost("GET", "/portfolio/orders/{order_id}") == 2
    assert pacer.cost("GET", "/markets") == 12


def test_the_accounts_own_limits_replace_the_careful_ones():
    ticker = Ticker()
    pacer = Pacer(clock=ticker, sleep=ticker.sleep)
    pacer.use_limits(read=(300, 900), write=(300, 300))
    assert pacer.write_capacity == 300
    assert sum(pacer.pace("GET", "/markets") for _ in range(90)) == 0
    assert pacer.pace("GET", "/markets") == pytest.approx(10 / (300 * SHARE))


def test_orders_of_a_batch_each_pay():
    ticker = Ticker()
    pacer = Pacer(clock=ticker, sleep=ticker.sleep)
    assert pacer.pace("POST", "/portfolio/events/orders/batched", 10) == 0
    assert pacer.pace("POST", "/portfolio/events/orders/batched", 10) == pytest.approx(100 / 85)


def test_a_refusal_empties_the_bucket():
    ticker = Ticker()
    pacer = Pacer(clock=ticker, sleep=ticker.sleep)
    pacer.refused("GET", "/markets")
    assert pacer.pace("GET", "/markets") == pytest.approx(10 / 170)


def test_a_bucket_that_never_refills_is_refused():
    with pytest.raises(ValueError):
        TokenBucket(0, 10)


def test_the_account_is_asked_for_its_limits_before_the_first_wait_only() -> None:
    now, slept, asked = [0.0], [], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pacer = Pacer(clock=lambda: now[0], sleep=sleep)

    def learn() -> None:
        asked.append(now[0])
        pacer.use_limits(read=(1000, 3000), write=(100, 100))

    pacer.learn = learn
    for _ in range(20):  # 200 tokens: all that a new account's bucket holds
        assert pacer.pace("GET", "/markets") == 0
    assert not asked
    for _ in range(280):  # 3,000 tokens are the account's own, 200 of them are spent
        assert pacer.pace("GET", "/markets") == 0
    assert len(asked) == 1 and not slept
    assert pacer.pace("GET", "/markets") > 0
    assert len(asked) == 1
