"""From plan to orders: whole or nothing, nothing where a cancel failed, one attempt per decision, mail on change."""

from __future__ import annotations

import logging
from argparse import Namespace
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from index.states import make_state
from kalshi.index.carry_out import carry_out, spent_today
from kalshi.index.discovery import FoundEvent
from kalshi.index.plan import Plan, Resting, Style, Wanted
from kalshi.index.sample import SampleDay
from kalshi.index.trading_day import TradingDay
from kalshi.runtime.report import Report
from kalshi.store import Store
from kalshi.store.rows import OrderRow
from kalshi.trading.cancels import CancelResult
from kalshi.trading.intents import Intent, Side, client_order_id
from kalshi.trading.outcomes import OrderOutcome, OrderReport

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
OPENS, CLOSES = datetime(2026, 11, 24, 14, 30, tzinfo=UTC), datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
TICKERS = ["LOW", "B6000", "B6025", "B6050"]


class NoExchange:
    """Answers every read with nothing."""

    def positions(self, **_: Any) -> list[Any]:
        return []

    def balance(self, **_: Any) -> Any:
        return type("Balance", (), {"on_shard": lambda self, index: D(100)})()


@dataclass
class Counter:
    """A desk that takes orders until one is not accepted, and can not cancel what is stuck."""

    fails_at: int = 99
    stuck: tuple[str, ...] = ()
    submitted: list[Intent] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    amended: list[tuple[str, D, D]] = field(default_factory=list)
    amends: OrderOutcome = OrderOutcome.ACCEPTED

    def submit(self, intent: Intent, market: object, **_: Any) -> OrderReport:
        self.submitted.append(intent)
        number = len(self.submitted)
        outcome = OrderOutcome.REJECTED if number == self.fails_at else OrderOutcome.ACCEPTED
        return OrderReport(intent, outcome, "because", client_order_id(intent), f"o{number}", remaining=intent.count)

    def amend(self, order_id: str, market: Any, *, price: D, count: D, quoted_at: datetime) -> OrderReport:
        self.amended.append((order_id, price, count))
        intent = Intent("strategy", NOW.date(), "E", "LOW", Side.NO, price, count)
        return OrderReport(intent, self.amends, "because", "c", order_id)

    def cancel(self, order_id: str, ticker: str) -> CancelResult:
        self.cancelled.append(order_id)
        done = order_id not in self.stuck
        return CancelResult(ticker, order_id, done, D(0), "cancelled" if done else "refused")


@dataclass
class Run:
    desk: Counter
    store: Store
    dry_run: bool = False
    now: datetime = NOW
    args: Namespace = field(default_factory=lambda: Namespace(no_email=False))
    report: Report = field(default_factory=lambda: Report("test"))
    exchange: NoExchange = field(default_factory=NoExchange)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("test"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store.db")


def day(*resting: Resting) -> TradingDay:
    state = make_state(resting=resting, now=NOW)
    sample = SampleDay("KXINX", OPENS, CLOSES, NOW)
    shown = sample.snapshot()
    markets = dict(zip(state.ladder.tickers, shown.markets, strict=False))
    found = FoundEvent(shown.event, state.ladder, markets, CLOSES)
    return TradingDay(shown.series, found, sample, state, "test", None, "strategy")


def bids(*tickers: str) -> Plan:
    wanted = tuple(Wanted(t, "no", D("0.45"), D(10), Style.REST, "blanket") for t in tickers)
    return Plan(("market", "decision", "reason"), tuple((t, "bid", "x") for t in tickers), wanted)


def rests(order_id: str, ticker: str, price: str = "0.40") -> Resting:
    return Resting(order_id, ticker, "no", D(price), D(10))


def test_orders_are_resting_ones_with_an_end(store: Store) -> None:
    run = Run(Counter(), store)
    carry_out(run, day(), bids("LOW"))  # type: ignore[arg-type]
    [intent] = run.desk.submitted
    assert intent.post_only and intent.time_in_force == "good_till_canceled" and intent.generation == 1
    assert intent.expiration == datetime(2026, 11, 24, 20, 40, tzinfo=UTC)
    assert intent.run_date == date(2026, 11, 24)


def test_a_blanket_that_breaks_half_way_is_taken_back(store: Store) -> None:
    run = Run(Counter(fails_at=3), store)
    carry_out(run, day(), bids(*TICKERS), whole=True)  # type: ignore[arg-type]
    assert [i.ticker for i in run.desk.submitted] == TICKERS[:3]
    assert run.desk.cancelled == ["o1", "o2"]
    assert "Half-way: B6025 was rejected (because); the 2 orders placed before it are taken back" in " ".join(
        run.report.text().split()
    )


def test_other_plans_go_on_after_a_rejection(store: Store) -> None:
    run = Run(Counter(fails_at=2), store)
    carry_out(run, day(), bids(*TICKERS))  # type: ignore[arg-type]
    assert len(run.desk.submitted) == 4 and run.desk.cancelled == []


def test_where_a_cancel_failed_nothing_is_placed(store: Store) -> None:
    run = Run(Counter(stuck=("a",)), store)
    carry_out(run, day(rests("a", "LOW"), rests("b", "B6000")), bids("LOW", "B6000"))  # type: ignore[arg-type]
    assert run.desk.cancelled == ["a", "b"]
    assert [i.ticker for i in run.desk.submitted] == ["B6000"]
    assert "LOW: not placed" in run.report.text()


@pytest.mark.parametrize(
    "outcome, cancels",
    [
        (OrderOutcome.ACCEPTED, []),
        (OrderOutcome.UNKNOWN, []),  # looked up again at the next pass
        (OrderOutcome.REJECTED, ["a"]),
        (OrderOutcome.REFUSED, ["a"]),
    ],
)
def test_a_larger_order_is_made_smaller_and_goes_where_that_fails(
    store: Store, outcome: OrderOutcome, cancels: list[str]
) -> None:
    run = Run(Counter(amends=outcome), store)
    large = Resting("a", "LOW", "no", D("0.45"), D(25), D(5))
    carry_out(run, day(large), bids("LOW"))  # type: ignore[arg-type]
    assert run.desk.amended == [("a", D("0.45"), D(15))]  # 5 filled and 10 wanted
    assert run.desk.cancelled == cancels and run.desk.submitted == []
    assert "0 stay, 1 to make smaller, 0 to cancel, 0 to place" in run.report.text()


def test_a_dry_run_makes_nothing_smaller(store: Store) -> None:
    run = Run(Counter(amends=OrderOutcome.REFUSED), store, dry_run=True)
    carry_out(run, day(Resting("a", "LOW", "no", D("0.45"), D(25))), bids("LOW"))  # type: ignore[arg-type]
    assert run.desk.cancelled == [] and "Made smaller" in run.report.text()


@pytest.mark.parametrize("plan", [Plan(("a", "b"), (), None), Plan(("a", "b"), (), (), refusal="not today")])
def test_a_refusal_and_leaving_alone_touch_nothing(store: Store, plan: Plan) -> None:
    run = Run(Counter(), store)
    carry_out(run, day(rests("a", "LOW")), plan)  # type: ignore[arg-type]
    assert run.desk.cancelled == [] and run.desk.submitted == []


def test_what_is_off_is_shown_and_not_sent(store: Store) -> None:
    run = Run(Counter(), store)
    carry_out(run, day(rests("a", "LOW")), bids("B6000"), off="off by default")  # type: ignore[arg-type]
    assert run.desk.cancelled == [] and run.desk.submitted == []
    assert "Nothing is sent: off by default" in run.report.text() and "1 to cancel, 1 to place" in run.report.text()


@pytest.mark.parametrize(
    "plan, dry_run, mails", [(bids("LOW"), False, True), (bids("LOW"), True, False), (bids(), False, False)]
)
def test_a_job_that_runs_all_day_mails_when_it_changed_something(
    store: Store, plan: Plan, dry_run: bool, mails: bool
) -> None:
    run = Run(Counter(), store, dry_run=dry_run)
    carry_out(run, day(), plan, often=True)  # type: ignore[arg-type]
    assert run.args.no_email is not mails


def row(state: str, generation: int = 1, **changes: Any) -> OrderRow:
    values: dict[str, Any] = {
        "client_order_id": f"{state}{generation}{changes.get('ticker')}",
        "run_id": "r",
        "strategy": "strategy",
        "run_date": date(2026, 11, 24),
        "event_ticker": "KXINX-26NOV24H1600SAMPLE",
        "ticker": "LOW",
        "side": "no",
        "price": D("0.45"),
        "count": D(10),
        "purpose": "blanket",
        "generation": generation,
        "reduces": False,
        "strike_type": "less",
        "floor_strike": None,
        "cap_strike": D(6000),
        "exchange_index": 0,
        "fee_bound": D("0.18"),
        "created_at": NOW,
        "updated_at": NOW,
        "state": state,
        "remaining": D(10),
    }
    return OrderRow(**(values | changes))


def keep(store: Store, kept: OrderRow) -> None:
    store.reserve(kept, lambda others: None, since=NOW)
    store.update_order(kept.client_order_id, state=kept.state, filled=kept.filled, remaining=kept.remaining)


@pytest.mark.parametrize(
    "state, generation", [("accepted", 3), ("rejected", 3), ("sending", 2), ("unknown", 2), ("refused", 2)]
)
def test_a_new_attempt_only_after_a_definite_end(store: Store, state: str, generation: int) -> None:
    keep(store, row("accepted", 1))
    keep(store, row(state, 2))
    keep(store, row("accepted", 7, purpose="complete"))
    run = Run(Counter(), store)
    carry_out(run, day(), bids("LOW"))  # type: ignore[arg-type]
    assert run.desk.submitted[0].generation == generation


def test_what_was_tried_today_counts_whatever_became_of_it(store: Store) -> None:
    keep(store, row("accepted", ticker="A", filled=D(4), remaining=D(0)))  # 1.80 and at most 0.18 fee
    keep(store, row("unknown", ticker="B"))  # 4.50 and 0.18
    keep(store, row("accepted", ticker="C", remaining=D(0)))  # nothing found: tried, cost nothing
    keep(store, row("rejected", ticker="D"))
    keep(store, row("accepted", ticker="E", purpose="other"))
    found = spent_today(store, "KXINX-26NOV24H1600SAMPLE", "strategy", "blanket")
    assert found == ({"A", "B", "C"}, D("6.66"))
