"""Each check against the market, broken exactly, on rows as a simulation writes them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from backtest_files import TEN, csv_of, row
from kalshi.research.sanity import broken, run_checks
from kalshi.research.sanity_market import warnings
from kalshi.research.sanity_report import sanity_markdown, sanity_metadata
from kalshi.research.trades import parse_trades

FULL = (
    *TEN, "count", "fee", "as_of", "bid", "ask", "mid", "strike", "model", "event_ticker", "fill", "result",
    "first_print_mean", "settlement_check", "candle_end", "entry", "role", "data", "reached",
)  # fmt: skip
FIRST = date(2026, 3, 22)
MEAN = 2_412_345.6


def trade(week: int, strike: int, side: str, prob: float, **changes: object) -> dict[str, object]:
    """Return a correct row: bought on Monday at a quote of 60 / 64 cents, two contracts."""
    day = FIRST + timedelta(weeks=week)
    monday = day - timedelta(days=6)
    price, result = (0.64 if side == "yes" else 0.60), ("yes" if strike < MEAN else "no")
    fee = {"yes": 0.0323, "no": 0.0336}[side]  # 0.07 x 2 x P (1 - P), up to the next $0.0001
    made = row(f"E{week}-{strike}", str(day), side, prob, price, int(result == side), count=2, fee=fee)
    return made | {
        "as_of": f"{monday}T14:30:00Z", "candle_end": f"{monday + timedelta(days=1)}T04:00:00Z",
        "bid": 0.60, "ask": 0.64, "mid": 0.62, "strike": strike, "model": "yoy_hol", "event_ticker": f"E{week}",
        "fill": "taker", "result": result, "first_print_mean": MEAN, "settlement_check": "agrees", "entry": "mon",
        "role": "taker", "data": "files", "reached": "", **changes,
    }  # fmt: skip


def rows() -> list[dict[str, object]]:
    ladder = ((2_350_000, "yes", 0.8), (2_400_000, "yes", 0.7), (2_450_000, "no", 0.9))
    return [trade(week, *rung) for week in range(6) for rung in ladder]


def failing(made: list[dict[str, object]], columns: tuple[str, ...] = FULL) -> set[str]:
    return {check.name for check in run_checks(parse_trades(csv_of(made, columns), "test")) if check.problems}


def again(one: dict[str, object], **changes: object) -> dict[str, object]:
    """Return *one* changed, with what follows from price, outcome and fee computed anew."""
    new = one | changes
    made = row(
        str(new["market"]), str(new["date"]), str(new["side"]), float(str(new["prob"])), float(str(new["fill_price"])),
        int(str(new["outcome"])), count=float(str(new["count"])), fee=float(str(new["fee"])),
    )  # fmt: skip
    return new | made


def test_a_correct_file_passes_every_check() -> None:
    checks = run_checks(parse_trades(csv_of(rows(), FULL), "test"))
    assert all(check.passed for check in checks), [check for check in checks if not check.passed]


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("fees", {"fee": 0.0324}),
        ("fees", {"fee": 0.0}),
        ("fees", {"role": "maker", "fill_price": 0.55}),  # a maker pays none
        ("spread", {"fill_price": 0.65, "fee": 0.0319}),
        ("spread", {"fill_price": 0.59, "fee": 0.0339}),
        ("spread", {"fill": "mid"}),  # 64 is not the middle
        ("spread", {"role": "maker", "fill_price": 0.55, "fee": 0.0, "reached": 0.56}),
        ("result", {"outcome": 0}),
        ("first prints", {"result": "no", "outcome": 0}),
        ("first prints", {"settlement_check": "differs"}),
        ("hours", {"as_of": "2026-03-16T13:59:00Z"}),  # one minute before Monday 10:00 in New York
        ("hours", {"candle_end": "2026-03-23T04:00:00Z"}),  # one minute after Sunday 23:59
        ("hours", {"candle_end": "2026-03-16T14:29:00Z"}),  # before the decision
        ("ladder", {"prob": 0.6}),  # less than at the higher strike
        ("exposure", {"market": "E0-2450000", "entry": "tue"}),
    ],
)
def test_what_is_wrong_breaks_its_check_alone(check: str, changes: dict[str, object]) -> None:
    made = rows()
    made[0] = again(made[0], **changes)
    assert failing(made) == {check}


def test_resting_fills_need_the_market_at_their_price_whatever_it_was_before_and_pay_nothing() -> None:
    made = rows()
    made[0] = again(made[0], role="maker", fill_price=0.50, fee=0.0, reached=0.49)
    made[2] = again(made[2], role="maker", fill_price=0.70, fee=0.0, reached=0.70)
    assert failing(made) == set()


def test_parts_of_one_order_share_the_rounding_of_the_balance() -> None:
    made = rows()
    part = again(made[0], fill_price=0.63, fee=0.0326, candle_end="2026-03-18T04:00:00Z")
    assert failing([*made, again(part, fee=0.0327)]) == set()
    assert failing([*made, again(part, fee=0.0329)]) == {"fees"}
    assert failing([*made, made[0]]) == {"duplicates"}


def test_a_market_paid_against_the_counts_is_fine_where_it_is_marked() -> None:
    made = rows()
    made[0] = again(made[0], result="no", outcome=0, settlement_check="differs")
    assert failing(made) == set()


def test_a_forecast_of_another_moment_is_another_ladder() -> None:
    made = rows()
    made[0] = again(made[0], prob=0.6, as_of="2026-03-17T14:30:00Z", candle_end="2026-03-18T04:00:00Z")
    assert failing(made) == set()


def test_one_week_that_makes_the_result_is_a_warning_and_no_broken_invariant() -> None:
    made = rows()
    made[0] = again(made[0], count=40, fee=0.6452)
    trades = parse_trades(csv_of(made, FULL), "test")
    checks = run_checks(trades)
    assert failing(made) == {"concentration"} and not broken(checks)
    [problem] = warnings(checks)
    assert "the week of 2026-03-22 is 55%" in problem.text
    assert "**Warning: the week of" in sanity_markdown(trades, checks, [])
    said = sanity_metadata(trades, checks, {})
    assert said["passed"] and said["warnings"] == [problem.text]
    assert failing(made[:9]) == set()  # of three weeks one is bound to be large


def test_mid_fills_and_sample_data_stand_on_top() -> None:
    made = [again(one, fill="mid", fill_price=0.62, fee=0.033, data="SAMPLE") for one in rows()]
    trades = parse_trades(csv_of(made, FULL), "test")
    assert failing(made) == set()
    text = sanity_markdown(trades, run_checks(trades), [])
    assert "**SAMPLE**" in text and "**MID FILLS, for comparison only: nobody gets them**" in text
    assert "at mid prices nobody gets" in text


@pytest.mark.parametrize(
    "column", ["fee", "result", "strike", "as_of", "candle_end", "role", "entry", "first_print_mean"]
)
def test_without_its_columns_a_check_is_skipped_not_passed_over(column: str) -> None:
    columns = tuple(name for name in FULL if name != column)
    skipped = {c.name for c in run_checks(parse_trades(csv_of(rows(), columns), "test")) if not c.ran}
    needs = {"fee": {"fees"}, "result": {"result", "first prints"}, "strike": {"first prints", "ladder"},
             "as_of": {"ladder"}, "first_print_mean": {"first prints"}}  # fmt: skip
    assert skipped == needs.get(column, set())


def test_other_series_have_other_hours_and_fees() -> None:
    made = [{**one, "market": f"KXINX-{number}", "as_of": "2026-03-16T13:35:00Z"} for number, one in enumerate(rows())]
    checks = {check.name: check for check in run_checks(parse_trades(csv_of(made, FULL), "test"))}
    assert not any(checks[name].ran for name in ("fees", "hours", "ladder", "exposure")) and checks["result"].ran
