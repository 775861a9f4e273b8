"""What happens by itself when its time has come: results become final, fees change, money is spread over shards."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from kalshi.errors import KalshiError

D = Decimal
TICKER, EVENT, SERIES = "KXTSAW-26OCT11-A2.50", "KXTSAW-26OCT11", "KXTSAW"
ALLOCATION = "/portfolio/target_balance_allocation"


def market(house):
    return house.get(f"/markets/{TICKER}")["market"]


@pytest.fixture
def held(house, parts):
    """Ten YES contracts at 0.40 in a market that has closed; its settlement timer is an hour."""
    house.show(asks=[("0.40", "10")])
    alice = house.member("alice", "100")
    alice.order("bid", "0.40", "10", tif="immediate_or_cancel")
    house.now = parts.close
    return alice


def test_a_determined_result_is_paid_when_the_timer_has_run_out(house, held):
    before = held.dollars()
    house.exchange.determine(TICKER, "yes")
    assert (market(house)["status"], market(house)["result"]) == ("determined", "yes")
    assert "settlement_ts" not in market(house)
    determined = house.now
    house.wait(minutes=59, seconds=59)
    assert (market(house)["status"], held.dollars()) == ("determined", before)
    house.wait(hours=5)  # it is paid at its own time, however late somebody looks
    assert (market(house)["status"], held.dollars()) == ("finalized", before + 10)
    row = held.call("GET", "/portfolio/settlements")[1]["settlements"][0]
    assert row["settled_time"] == (determined + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert house.money() == 0


def test_a_dispute_stops_the_timer_and_an_amended_result_starts_it_anew(house, held):
    before = held.dollars()
    house.exchange.determine(TICKER, "yes")
    house.wait(minutes=30)
    house.exchange.dispute(TICKER)
    house.wait(hours=3)
    assert (market(house)["status"], held.dollars()) == ("disputed", before)
    house.exchange.determine(TICKER, "scalar", D("0.25"))
    assert (market(house)["status"], market(house)["settlement_value_dollars"]) == ("amended", "0.2500")
    house.wait(minutes=59)
    assert market(house)["status"] == "amended"
    house.wait(minutes=1)
    assert (market(house)["status"], held.dollars()) == ("finalized", before + D("2.5"))
    assert house.money() == 0


def test_a_disputed_result_that_stands_is_determined_again(house, held):
    house.exchange.determine(TICKER, "no")
    house.exchange.dispute(TICKER)
    house.exchange.determine(TICKER, "no")
    assert market(house)["status"] == "determined"
    house.wait(hours=1)
    assert market(house)["status"] == "finalized"


def test_the_stage_survives_a_restart_and_a_mirrored_snapshot(durable_house, parts):
    house = durable_house
    house.show()
    house.now = parts.close
    house.exchange.determine(TICKER, "yes")
    house.reopen()
    house.wait(minutes=1)
    house.show()
    assert market(house)["status"] == "determined"
    house.wait(hours=1)
    house.reopen()
    assert market(house)["status"] == "finalized"


def test_what_can_not_be_determined_or_disputed_is_refused(house, held):
    with pytest.raises(KalshiError, match="nothing to dispute"):
        house.exchange.dispute(TICKER)
    with pytest.raises(KalshiError, match="no value"):
        house.exchange.determine(TICKER, "maybe")
    with pytest.raises(KalshiError, match="not found"):
        house.exchange.determine("KXNOPE", "yes")
    house.exchange.settle(TICKER, "yes")
    for late in (lambda: house.exchange.determine(TICKER, "no"), lambda: house.exchange.dispute(TICKER)):
        with pytest.raises(KalshiError, match="paid already"):
            late()
    assert market(house)["result"] == "yes"


def test_fees_are_those_of_the_time_of_the_fill(house):
    house.show(asks=[("0.50", "100")])
    alice = house.member()
    at = house.now + timedelta(hours=1)
    house.exchange.schedule_fee_change(SERIES, "quadratic", D("0.5"), at)

    def fee():
        return D(alice.order("bid", "0.50", "1", tif="immediate_or_cancel")[1]["average_fee_paid"])

    assert fee() == D("0.0175")
    upcoming = house.get("/series/fee_changes")["series_fee_change_arr"]
    assert [(row["series_ticker"], row["fee_multiplier"]) for row in upcoming] == [(SERIES, 0.5)]
    house.now = at - timedelta(microseconds=1)
    assert fee() == D("0.0175")
    house.now = at
    assert fee() == D("0.0088")  # 0.00875, and the balance is kept to a ten-thousandth
    assert house.get("/series/fee_changes")["series_fee_change_arr"] == []
    assert len(house.get("/series/fee_changes", show_historical="true")["series_fee_change_arr"]) == 1
    assert house.get(f"/series/{SERIES}")["series"]["fee_multiplier"] == 0.5


def test_an_events_override_comes_and_goes_at_its_time(house):
    house.show(asks=[("0.50", "100")])
    alice = house.member()
    start, end = house.now + timedelta(hours=1), house.now + timedelta(hours=2)
    house.exchange.schedule_fee_change(EVENT, None, D(2), start)
    house.exchange.schedule_fee_change(EVENT, None, None, end)

    def fee():
        return D(alice.order("bid", "0.50", "1", tif="immediate_or_cancel")[1]["average_fee_paid"])

    fees = [fee()]
    for house.now in (start, end):
        fees.append(fee())
    assert fees == [D("0.0175"), D("0.0350"), D("0.0175")]
    rows = house.get("/events/fee_changes", event_ticker=EVENT)["event_fee_changes"]
    assert [row["fee_multiplier_override"] for row in rows] == [2, None]


def test_resting_orders_keep_the_makers_fee_from_the_change_on(house):
    house.show()
    alice = house.member("alice", "1000")
    alice.order("bid", "0.50", "100")
    assert alice.dollars() == 950
    house.exchange.schedule_fee_change(SERIES, "quadratic_with_maker_fees", D(1), house.now + timedelta(hours=1))
    house.wait(hours=1)
    assert alice.dollars() == 950 - D("0.44")  # 0.25 * 0.07 * 100 * 0.25 = 0.4375, up to the cent


def test_no_fee_is_taken_before_the_waiver_ends_and_a_resting_order_is_ready_for_its_end(house, parts):
    until = house.now + timedelta(hours=1)
    series = parts.series(fee_type="quadratic_with_maker_fees")
    house.show(market=parts.market(fee_waiver_expiration_time=until.isoformat()), series=series)
    alice, bob = house.member("alice"), house.member("bob")
    alice.order("bid", "0.50", "200")
    assert alice.dollars() == 900 - D("0.88")
    bob.order("ask", "0.50", "100", tif="immediate_or_cancel")
    assert (alice.dollars(), bob.dollars()) == (900 - D("0.44"), 950)
    house.now = until
    bob.order("ask", "0.50", "100", tif="immediate_or_cancel")
    assert (alice.dollars(), bob.dollars()) == (900 - D("0.4375"), 900 - D("1.75"))


@pytest.mark.parametrize(
    "ticker, fee_type, multiplier, problem",
    [
        ("KXNOPE", "quadratic", D(1), "not found"),
        (SERIES, None, D(1), "needs a fee_type"),
        (SERIES, "flat", D(1), "flat table"),
        (SERIES, "quadratic", D(-1), "fee_multiplier"),
    ],
)
def test_fees_that_can_not_be_charged_are_refused(house, ticker, fee_type, multiplier, problem):
    house.show()
    with pytest.raises(KalshiError, match=problem):
        house.exchange.schedule_fee_change(ticker, fee_type, multiplier, house.now)


def shares(*pairs):
    return {"allocations": [{"exchange_index": shard, "percent": percent} for shard, percent in pairs]}


def breakdown(member):
    rows = member.call("GET", "/portfolio/balance")[1]["balance_breakdown"]
    return {row["exchange_index"]: D(row["balance"]) for row in rows}


def test_free_cash_is_spread_every_ten_seconds(house):
    house.show()
    alice = house.member("alice", "100")
    assert alice.call("POST", ALLOCATION, shares((0, 70), (2, 30)))[0] == 200
    assert breakdown(alice) == {0: D(100)}
    house.wait(seconds=10)
    assert breakdown(alice) == {0: D(70), 2: D(30)}
    alice.order("bid", "0.50", "40")  # keeps 20 on shard 0
    house.wait(seconds=10)
    assert breakdown(alice) == {0: D(56), 2: D(24)}
    assert alice.call("POST", ALLOCATION, shares())[0] == 200
    alice.call("DELETE", "/portfolio/events/orders")
    house.wait(seconds=60)
    assert breakdown(alice) == {0: D(76), 2: D(24)}
    assert house.money() == 0


@pytest.mark.parametrize("bad", [shares((0, 99)), shares((0, 50), (0, 50)), shares((0, 101)), {"allocations": None}])
def test_shares_that_do_not_add_up_change_nothing(house, bad):
    alice = house.member("alice", "100")
    assert alice.call("POST", ALLOCATION, bad)[0] == 400
    assert alice.call("GET", ALLOCATION)[1]["allocations"] == []


def test_the_spreading_goes_on_after_a_restart(durable_house):
    house = durable_house
    alice = house.member("alice", "100")
    alice.call("POST", ALLOCATION, shares((0, 50), (3, 50)))
    house.reopen()
    house.wait(seconds=10)
    assert breakdown(alice) == {0: D(50), 3: D(50)}


def test_a_forecast_is_read_from_the_ladder(house, parts):
    tickers = {"KXTSAW-26OCT11-A2.4": ("0.89", "0.91"), "KXTSAW-26OCT11-A2.5": ("0.49", "0.51")}
    for ticker, (bid, ask) in tickers.items():
        strike = float(ticker[-3:]) * 1e6
        house.show([(bid, "5")], [(ask, "5")], market=parts.market(ticker, floor_strike=strike))
    now = int(house.now.timestamp())
    alice = house.member()
    path = f"/series/{SERIES}/events/{EVENT}/forecast_percentile_history"
    query = {"start_ts": now - 60, "end_ts": now + 3600, "period_interval": 60, "percentiles": [1000, 3000, 5000, 9000]}
    rows = alice.call("GET", path, **query)[1]["forecast_history"]
    values = [point["numerical_forecast"] for point in rows[-1]["percentile_points"]]
    assert values == [2_400_000, 2_450_000, 2_500_000, 2_500_000]
    assert alice.call("GET", path, **(query | {"percentiles": [10_000]}))[0] == 400
    assert alice.call("GET", path.replace(SERIES, "KXNOPE"), **query)[0] == 404
