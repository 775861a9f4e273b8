"""A job that trades, from script to paper exchange and back: report, store, switch, command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

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


def test_what_the_exchange_has_and_the_record_has_not_is_in_the_subject_of_the_mail(trader: Project) -> None:
    assert "Subject: trader: ok (paper)" in run(trader).stdout
    for database in trader.data.glob("kalshi_paper.db*"):
        database.unlink()
    done = run(trader)
    assert "Subject: trader: ok, with an alarm (paper)" in done.stdout
    assert "rests and is not in the store" in " ".join(done.stdout.split())


def test_status_shows_limits_and_positions_and_reconcile_agrees(trader: Project) -> None:
    run(trader)
    status = json.loads(kalshi(trader, "status", "--json").stdout)
    used = {row["limit"]: (row["at_risk"], row["most"]) for row in status["limits_used"]}
    (event,) = [name for name in used if name.startswith("event ")]
    assert used[event] == ("$0.22", "$100.00") and status["positions"] == [] and status["results"] == []
    done = kalshi(trader, "reconcile", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"breaks": []}), done.stderr


def test_reduce_only_lets_the_job_run_and_refuses_its_entries(trader: Project) -> None:
    done = kalshi(trader, "control", "reduce-only", "--scope", "trader", "--reason", "look first")
    assert done.returncode == 0 and "may only cancel and close" in done.stdout
    refused = run(trader)
    assert refused.returncode == 0 and "trader is locked, exits only: look first" in orders(trader)[0]["reason"]
    assert "1 intent: 1 refused here (lock 1), 0 sent" in refused.stdout
    (row,) = json.loads(kalshi(trader, "status", "--json").stdout)["stopped"]
    assert (row["who"], row["by"], row["may"]) == ("trader", "person's lock", "cancel and close")
    assert "nothing changed" in kalshi(trader, "control", "reduce-only", "--scope", "trader").stdout
    assert kalshi(trader, "control", "resume", "--scope", "trader").returncode == 0
    assert "1 intent: 1 sent (accepted 1)" in run(trader).stdout


def test_stop_says_of_each_order_whether_it_was_cancelled(trader: Project) -> None:
    run(trader)  # in a market that has closed since: nothing there can be cancelled any more
    done = kalshi(trader, "control", "stop", "--cancel", "--reason", "enough", "--json")
    (told,) = json.loads(done.stdout)["cancelled"]
    assert done.returncode == 3 and told["done"] == "NO" and "MARKET_INACTIVE" in told["reason"], done.stderr
    assert run(trader).returncode == 5
    assert kalshi(trader, "control", "resume", "--cancel").returncode == 2


def test_status_tells_a_dead_holder_from_one_that_runs_and_one_that_hangs(project: Project) -> None:
    def shown() -> tuple[str, str]:
        (row,) = json.loads(kalshi(project, "status", "--json").stdout)["last_runs"]
        return row["status"], row["summary"]

    first = project.start("--then", "wait")
    try:
        assert first.stdout.readline() == "ready\n"
        assert shown()[0] == "running" and f"pid {first.pid}" in shown()[1]
        note = project.data / "tiny_paper.holder.json"
        row = json.loads(note.read_text(encoding="utf-8"))
        note.write_text(json.dumps(row | {"ends_by": "2026-10-07T15:15:00+00:00"}), encoding="utf-8")
        assert shown()[0] == "hangs" and f"kill {first.pid}" in shown()[1]
    finally:
        first.kill()
        first.communicate()
    assert shown()[0] == "crashed"


def test_list_shows_schedule_and_parameters(trader: Project) -> None:
    listed = json.loads(kalshi(trader, "list", "--json").stdout)
    found = {(row["job"], row["parameter"]): row["default"] for row in listed["parameters_of_those_that_trade"]}
    assert found["trader", "--count"] == "2" and found["morning", "--no-price"] == "0.45"


def test_the_same_tick_run_twice_is_one_order(trader: Project) -> None:
    run(trader)
    again = run(trader)
    assert again.returncode == 0, again.stderr
    assert "already placed at" in again.stdout
    assert "Placed earlier, nothing sent now" in again.stdout and "Orders of this run" not in again.stdout
    assert len(orders(trader)) == 1


def test_a_dry_run_calls_no_earlier_order_its_own(trader: Project) -> None:
    run(trader)
    done = run(trader, "--dry-run")
    assert "Dry run, no order was sent" in done.stdout and "Orders of this run" not in done.stdout
    assert "accepted" in done.stdout.partition("Placed earlier, nothing sent now")[2]


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
        (["orders", "--limit", "-3"], "'-3' is not a whole number from 1 to 100000"),
        (["orders", "--limit", "9" * 23], "is not a whole number from 1 to 100000"),
        ([], "required"),
    ],
)
def test_wrong_commands_are_one_line(trader: Project, arguments: list[str], words: str) -> None:
    done = kalshi(trader, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line


BOT = ("-m", "kalshi.tsa_trading_bot", "--offline", "--order-weekdays", "all", "--no-email")
ANALYSIS = str(Path(__file__).resolve().parents[2] / "src" / "analysis" / "analysis.py")


def test_made_up_markets_are_shown_apart_and_marked(trader: Project) -> None:
    source = str(trader.root / "src")
    done = trader.run(command=[sys.executable, *BOT], PYTHONPATH=source)
    assert done.returncode == 0, done.stderr
    shown = json.loads(kalshi(trader, "orders", "--json").stdout)
    assert shown["orders"] == [] and shown["sample_orders"]
    assert "SAMPLE orders (PAPER)\n" in kalshi(trader, "orders").stdout
    status = json.loads(kalshi(trader, "status", "--json").stdout)
    assert status["open_orders"] == [] and "sample_open_orders" in status
    look = trader.run(command=[sys.executable, ANALYSIS, "--offline"])
    assert "*** PAPER *** *** SAMPLE ***" in look.stdout and "Ladder of KXTSAW-" in look.stdout, look.stderr
    kalshi(trader, "doctor", "--offline")  # opens a paper exchange of its own, which lists nothing
    assert "--sample" in trader.run(command=[sys.executable, ANALYSIS, "--offline"]).stdout
    look = trader.run(command=[sys.executable, ANALYSIS, "--offline", "--sample"])
    assert "*** SAMPLE ***" in look.stdout and "Ladder of KXTSAW-" in look.stdout, look.stderr


def test_a_mode_that_nobody_chose_is_said(trader: Project) -> None:
    del trader.env["KALSHI_MODE"]
    for command in ("status", "orders", "doctor"):
        arguments = [command, "--offline"] if command == "doctor" else [command]
        assert "KALSHI_MODE is not set: mode live" in kalshi(trader, *arguments).stdout
        assert "is not set: mode" not in kalshi(trader, *arguments, "--mode", "live").stdout
    assert not list(trader.data.glob("*.db"))  # looking makes no database
    del trader.env["KALSHI_ENV_FILE"]  # the package is linked: the root of the real project is asked
    if not (Path(ANALYSIS).parents[2] / ".env").exists():
        assert "no .env found" in kalshi(trader, "status").stdout.replace("\n", " ")


def test_the_commands_start_by_path_too(trader: Project) -> None:
    script = str(trader.root / "src" / "kalshi" / "__main__.py")
    done = trader.run(command=[sys.executable, script, "status"])
    assert done.returncode == 0 and "Status: mode paper" in done.stdout, done.stderr


def test_without_the_requirements_the_last_line_says_what_to_do(trader: Project) -> None:
    done = trader.run(command=[sys.executable, "-S", str(trader.script.with_name("trader.py"))])
    assert "pip install -r requirements.txt" in done.stderr.splitlines()[-1]


def test_a_command_is_interrupted_without_a_traceback(trader: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}/trade-api/v2"
        env = trader.env | {"KALSHI_API_BASE": base, "PYTHONPATH": str(trader.root / "src")}
        doctor = subprocess.Popen([sys.executable, "-m", "kalshi", "doctor", "--mode", "demo"], env=env,
                                  stderr=subprocess.PIPE, text=True)
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            doctor.send_signal(signal.SIGINT)
            _, told = doctor.communicate(timeout=30)
    assert (doctor.returncode, told) == (130, "kalshi: interrupted from the keyboard\n")


def test_doctor_sees_a_stop_file_and_a_key_that_others_can_read(trader: Project) -> None:
    trader.data.mkdir()
    (trader.data / "STOP").write_text("odd numbers\n")
    key = trader.root / "key.pem"
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(pem)
    trader.env |= {"KALSHI_KEY_ID": "1-2", "KALSHI_PRIVATE_KEY_PATH": str(key)}

    def checks(mode: int) -> dict[str, tuple[str, str]]:
        os.chmod(key, mode)
        done = kalshi(trader, "doctor", "--offline", "--mode", "demo", "--json")
        return {row["check"]: (row["state"], row["detail"]) for row in json.loads(done.stdout)["checks"]}

    found = checks(0o644)
    assert found["API key"][0] == "WRONG" and "(mode 0644): chmod 600" in found["API key"][1]
    assert found["kill switch"][0] == "WRONG" and "odd numbers" in found["kill switch"][1]
    (trader.data / "STOP").unlink()
    assert checks(0o600)["API key"] == ("ok", "readable") and checks(0o600)["kill switch"][0] == "ok"


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
