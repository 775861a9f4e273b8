"""A job that trades, from script to paper exchange and back: report, store, switch, command line."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

Project = Any  # the class of the fixture in conftest.py

TRADER = '''\
"""Buy a little of the first quoted market of the sample ladder."""

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from decimal import Decimal

from kalshi import shared
from kalshi.runtime.clock import new_york
from kalshi.runtime.job import job
from kalshi.trading.intents import Intent, Side
from kalshi.tsa.sample import sample_ladder, sample_vintages


def add(parser):
    parser.add_argument("--count", type=Decimal, default=Decimal(2))
    parser.add_argument("--cancel", action="store_true")


@job("trader", arguments=add)
def main(run):
    ladder = sample_ladder(sample_vintages(run.now, 7), run.now, 7)
    run.exchange.paper.mirror(ladder)
    event_ticker = ladder.event.event_ticker
    if run.args.cancel:
        for result in shared.cancel_all_orders_for_market(run, event_ticker):
            run.report.add_line(f"{result.ticker}: {result.reason}")
        return
    market = next(m for m in ladder.markets if m.quote().yes_ask is not None and m.quote().yes_ask > Decimal("0.30"))
    run.desk.submit(Intent("trader", new_york(run.now).date(), event_ticker, market.ticker, Side.YES,
                           Decimal("0.10"), run.args.count), market)
    run.report.add_line(f"fulfilled: {len(shared.check_for_fulfilled_orders(run, event_ticker))}")


if __name__ == "__main__":
    raise SystemExit(main())
'''
WEDNESDAY = ("--date", "2026-10-07T11:00", "--offline")


@pytest.fixture
def trader(project: Project) -> Project:
    project.script.with_name("trader.py").write_text(TRADER, encoding="utf-8")
    project.script.unlink()
    project.name = "trader.py"
    return project


def run(trader: Project, *arguments: str, **env: str) -> Any:
    return trader.run(
        command=[sys.executable, str(trader.script.with_name("trader.py")), *WEDNESDAY, *arguments], **env
    )


def kalshi(trader: Project, *arguments: str) -> Any:
    return trader.run(command=[sys.executable, "-m", "kalshi", *arguments], PYTHONPATH=str(trader.root / "src"))


def orders(trader: Project) -> list[dict[str, str]]:
    return json.loads(kalshi(trader, "orders", "--json").stdout)["orders"]


def test_the_order_is_in_report_mail_store_and_command_line(trader: Project) -> None:
    done = run(trader)
    assert done.returncode == 0, done.stderr
    assert "Orders of this run" in done.stdout and "accepted" in done.stdout and "fulfilled: 0" in done.stdout
    (order,) = orders(trader)
    assert (order["side"], order["price"], order["count"], order["state"]) == ("yes", "0.10", "2", "accepted")
    status = json.loads(kalshi(trader, "status", "--json").stdout)
    assert [(row["job"], row["status"]) for row in status["last_runs"]] == [("trader", "ok")]
    assert [row["market"] for row in status["open_orders"]] == [order["market"]]


def test_the_same_tick_run_twice_is_one_order(trader: Project) -> None:
    run(trader)
    again = run(trader)
    assert again.returncode == 0, again.stderr
    assert "already placed at" in again.stdout
    assert len(orders(trader)) == 1


def test_a_dry_run_sends_nothing_and_shows_what_it_would_do(trader: Project) -> None:
    done = run(trader, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "DRY RUN" in done.stdout and "dry run: would buy 2 YES" in done.stdout
    assert [order["state"] for order in orders(trader)] == ["refused"]


def test_a_refusal_is_a_row_with_its_reason_in_report_and_store(trader: Project) -> None:
    done = run(trader, "--count", "150")
    assert done.returncode == 0, done.stderr
    assert "refused" in done.stdout
    (order,) = orders(trader)
    assert "above the limit of 100 contracts" in order["reason"]


def test_a_missing_key_is_one_line_and_nothing_is_left(trader: Project) -> None:
    script = str(trader.script.with_name("trader.py"))
    done = trader.run(command=[sys.executable, script, "--mode", "demo"])
    assert (done.returncode, done.stdout) == (2, "")
    assert "KALSHI_KEY_ID is not set" in done.stderr and "Traceback" not in done.stderr
    assert not list(trader.reports.glob("*"))


def test_cancelling_through_the_toolbox(trader: Project) -> None:
    run(trader)
    done = run(trader, "--cancel")
    assert done.returncode == 0, done.stderr
    assert ": cancelled" in done.stdout
    assert json.loads(kalshi(trader, "status", "--json").stdout)["open_orders"] == []


def test_stop_and_resume_from_the_command_line(trader: Project) -> None:
    run(trader, "--count", "150")  # makes the store, so that the lock is written too
    stopped = kalshi(trader, "control", "stop", "--reason", "odd numbers")
    assert stopped.returncode == 0 and "every job is stopped by" in stopped.stdout
    refused = run(trader)
    assert (refused.returncode, refused.stdout) == (5, "")
    assert "odd numbers" in refused.stderr
    names = [row["who"] for row in json.loads(kalshi(trader, "status", "--json").stdout)["stopped"]]
    assert names == ["every job", "all"]
    assert "removed" in kalshi(trader, "control", "resume").stdout
    assert run(trader).returncode == 0
    assert "nothing to do" in kalshi(trader, "control", "resume").stdout


def test_one_event_is_locked_and_the_order_says_why(trader: Project) -> None:
    run(trader, "--count", "150")
    event = orders(trader)[0]["market"].rpartition("-")[0]
    assert kalshi(trader, "control", "stop", "--scope", event, "--reason", "settlement in doubt").returncode == 0
    done = run(trader)
    assert done.returncode == 0, done.stderr
    assert "settlement in doubt" in done.stdout and "refused" in done.stdout
    assert kalshi(trader, "control", "resume", "--scope", event).returncode == 0
    assert "accepted" in run(trader).stdout


def test_jobs_are_listed_and_run_by_name(trader: Project) -> None:
    listed = json.loads(kalshi(trader, "list", "--json").stdout)["jobs"]
    assert ("trader", "Buy a little of the first quoted market of the sample ladder.") in [
        (row["job"], row["what_it_does"]) for row in listed
    ]
    done = kalshi(trader, "run", "trader", *WEDNESDAY, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "would buy" in done.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["run", "tradr"], "there is no job 'tradr'"),
        (["control", "stop", "--scope", "tradr"], "'tradr' is neither a job"),
        (["status", "--mode", "real"], "invalid choice"),
        ([], "required"),
    ],
)
def test_wrong_commands_are_one_line(trader: Project, arguments: list[str], words: str) -> None:
    done = kalshi(trader, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line


def test_doctor_in_paper_mode_is_content(trader: Project) -> None:
    done = kalshi(trader, "doctor", "--offline", "--json")
    assert done.returncode == 0, done.stderr
    states = {row["check"]: row["state"] for row in json.loads(done.stdout)["checks"]}
    assert states["configuration"] == states["database"] == states["exchange"] == "ok"
    assert states["mail"] == states["API key"] == "-"


def test_doctor_names_what_is_wrong_and_the_fix(trader: Project) -> None:
    done = kalshi(trader, "doctor", "--offline", "--mode", "demo")
    assert done.returncode == 3
    assert "WRONG" in done.stdout and "KALSHI_KEY_ID is not set" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(trader: Project) -> None:
    done = trader.run(
        command=["sh", "-c", f"{sys.executable} -m kalshi list | true"],
        PYTHONPATH=str(trader.root / "src"),
        PATH="/bin:/usr/bin",
    )
    assert "Error" not in done.stderr and "Exception" not in done.stderr
