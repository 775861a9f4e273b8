"""Jobs as cron runs them: real processes, an almost empty environment, another directory."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

Project = Any  # the class of the fixture in conftest.py


def rows(project: Project) -> list[tuple[object, ...]]:
    with sqlite3.connect(project.data / "kalshi_paper.db") as connection:
        return connection.execute("select run_id, status, exit_code, summary from runs order by started_at").fetchall()


def test_by_path_from_another_directory_with_nearly_no_environment(project: Project) -> None:
    done = project.run("--date", "2026-10-09")
    assert done.returncode == 0, done.stderr
    assert "*** PAPER ***" in done.stdout and "hello, it is 2026-10-09T14:30Z" in done.stdout
    assert "INFO hello  ticker=T-1" in done.stderr
    assert [row[1:3] for row in rows(project)] == [("ok", 0)]


def test_as_a_module(project: Project) -> None:
    done = project.run(command=[sys.executable, "-m", "kalshi.tiny"], PYTHONPATH=str(project.root / "src"))
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout


def test_without_mail_settings_the_mail_is_printed_once(project: Project) -> None:
    done = project.run()
    assert done.stdout.startswith(
        "E-mail (not sent: EMAIL_SENDER and EMAIL_RECIPIENT are not set)\nSubject: tiny: ok (paper)"
    )
    assert done.stdout.count("hello, it is") == 1
    quiet = project.run("--no-email")
    assert "E-mail" not in quiet.stdout and "hello, it is" in quiet.stdout
    assert "EMAIL_RECIPIENT is not set" in project.run(EMAIL_SENDER="me@example.com").stdout


def test_a_mail_that_fails_changes_nothing(project: Project) -> None:
    nobody = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "aws-id-1",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    done = project.run(EMAIL_SENDER="me@example.com", EMAIL_RECIPIENT="you@example.com", **nobody)
    assert done.returncode == 0
    assert "ERROR the e-mail was not sent" in done.stderr and "Traceback" not in done.stderr
    assert done.stdout.startswith("tiny: ")
    offline = project.run("--offline", EMAIL_SENDER="me@example.com", EMAIL_RECIPIENT="you@example.com", **nobody)
    assert offline.stdout.startswith("E-mail (not sent: offline)")


def test_the_report_is_saved(project: Project) -> None:
    project.run("--date", "2026-10-09")
    saved = sorted(path.name for path in project.reports.iterdir())
    assert [name.rpartition("_")[0] for name in saved] == ["tiny_2026-10-09_1030"] * 2
    assert {Path(name).suffix for name in saved} == {".txt", ".html"}
    assert "hello" in (project.reports / saved[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "then, code, status, words",
    [
        ("known", 3, "failed", "the page of counts has no table: look at it by hand"),
        ("config", 2, "failed", "KALSHI_KEY_ID is not set"),
        ("holiday", 0, "nothing_to_do", "XNYS is closed on 2026-11-26"),
        ("unknown", 6, "order_unknown", "outcome unknown: T-1 c-1"),
        ("seven", 7, "failed", "hello"),
    ],
)
def test_endings(project: Project, then: str, code: int, status: str, words: str) -> None:
    done = project.run("--then", then)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert words in done.stdout
    assert [row[1:3] for row in rows(project)] == [(status, code)]


def test_a_failure_before_anything_was_reported_is_one_line(project: Project) -> None:
    done = project.run("--then", "early")
    assert (done.returncode, done.stdout) == (3, "")
    assert [line for line in done.stderr.splitlines() if "ERROR" in line] == [
        line for line in done.stderr.splitlines() if "the page of counts has no table" in line
    ]
    assert list(project.reports.iterdir()) == []


def test_a_crash_leaves_a_traceback_a_row_and_no_secret(project: Project) -> None:
    secrets = {"KALSHI_KEY_ID": "11112222-key-id", "KALSHI_PRIVATE_KEY_PASSWORD": "correct horse"}
    for extra in ([], ["--json-log"]):
        done = project.run("--then", "crash", *extra, **secrets)
        assert done.returncode == 1
        assert "Traceback" in done.stderr and "RuntimeError" in done.stderr
        saved = "".join(path.read_text(encoding="utf-8") for path in project.reports.iterdir())
        for secret in secrets.values():
            assert secret not in done.stderr + done.stdout + saved
    assert [row[1:3] for row in rows(project)] == [("crashed", 1)] * 2


def test_a_secret_in_the_report_is_not_saved_either(project: Project) -> None:
    done = project.run("--then", "leak late", KALSHI_KEY_ID="0f6e5d4c-key-id")
    assert (done.returncode, "hello, it is" in done.stdout) == (1, True)
    saved = "".join(path.read_text(encoding="utf-8") for path in project.reports.iterdir())
    stored = b"".join(path.read_bytes() for path in project.data.iterdir() if path.is_file())
    assert "Crashed: RuntimeError: with ***" in saved
    assert "0f6e5d4c-key-id" not in saved + done.stdout + done.stderr
    assert b"0f6e5d4c-key-id" not in stored


def test_reports_are_as_private_as_the_umask_says(project: Project) -> None:
    done = project.run(command=["/bin/sh", "-c", f"umask 077; {shlex.join(project.command())}"])
    assert done.returncode == 0, done.stderr
    assert {path.stat().st_mode & 0o777 for path in project.reports.iterdir()} == {0o600}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_poor_terminal_sees_the_report_all_the_same(project: Project, encoding: str) -> None:
    done = project.run("--then", "dash", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "a ? b" in done.stdout


@pytest.mark.parametrize("output", [">&-", "> /dev/full", "<&- >&- 2>&-"])
def test_an_output_that_takes_nothing_ends_no_run(project: Project, output: str) -> None:
    done = project.run(command=["/bin/sh", "-c", f"{shlex.join(project.command())} {output}"])
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert [row[1:3] for row in rows(project)] == [("ok", 0)]


def test_a_lock_that_can_not_be_taken_is_one_line(project: Project) -> None:
    (project.data / "tiny_paper.lock").mkdir(parents=True)
    done = project.run()
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert "tiny_paper.lock can not be taken" in line


def test_json_log_lines_parse(project: Project) -> None:
    done = project.run("--json-log")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    hello = next(line for line in lines if line["message"] == "hello")
    assert (hello["job"], hello["ticker"]) == ("tiny", "T-1")
    assert {line["run_id"] for line in lines} == {rows(project)[0][0]}


def test_a_second_start_is_refused_and_names_the_first(project: Project) -> None:
    first = project.start("--then", "wait")
    try:
        assert first.stdout.readline() == "ready\n"
        second = project.run()
        assert (second.returncode, second.stdout) == (4, "")
        assert f"pid {first.pid} since" in second.stderr
        other_mode = project.run("--mode", "live")  # another exchange, another lock and another store
        assert other_mode.returncode == 0, other_mode.stderr
        assert "live mode without KALSHI_LIVE_TRADING=true" in other_mode.stdout
    finally:
        first.kill()
        first.communicate()


def test_a_killed_run_becomes_crashed_and_locks_nobody_out(project: Project) -> None:
    first = project.start("--then", "wait")
    assert first.stdout.readline() == "ready\n"
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert [row[1] for row in rows(project)] == ["running"]
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert [row[1] for row in rows(project)] == ["crashed", "ok"]
    assert f"Run {rows(project)[0][0]} of this job was killed or crashed" in done.stdout


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_interrupted_run_closes_its_row(project: Project, number: signal.Signals, code: int) -> None:
    run = project.start("--then", "wait")
    assert run.stdout.readline() == "ready\n"
    run.send_signal(number)
    run.communicate(timeout=30)
    assert run.returncode == code
    assert [row[1:3] for row in rows(project)] == [("interrupted", code)]


@pytest.mark.parametrize("name", ["STOP", "STOP.tiny"])
def test_a_stop_file_stops_the_job_with_its_reason(project: Project, name: str) -> None:
    project.data.mkdir()
    (project.data / name).write_text("index feed looks wrong\n")
    done = project.run()
    assert (done.returncode, done.stdout) == (5, "")
    assert "index feed looks wrong" in done.stderr and str(project.data / name) in done.stderr
    (project.data / name).rename(project.data / "STOP.another")
    assert project.run().returncode == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--date", "2026-02-30"], "--date '2026-02-30' is not a date"),
        (["--mode", "real"], "invalid choice: 'real'"),
        (["--thn", "x"], "unrecognized arguments"),
        (["--report-dir", "/proc/reports"], "report directory /proc/reports can not be written"),
        (["--data-dir", "~nobody-here/x"], "there is no such user"),
        (["--date", "0001-01-01"], "use a year from 2000 to 2039"),
        (["--data-dir", "/dev/null/x"], "data directory /dev/null/x can not be written"),
    ],
)
def test_wrong_arguments_are_one_line_and_leave_nothing(project: Project, arguments: list[str], words: str) -> None:
    done = project.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line


def test_a_typing_error_in_the_environment_is_one_line(project: Project) -> None:
    done = project.run(KALSHI_MOD="paper")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "KALSHI_MOD: did you mean KALSHI_MODE?" in line


def test_a_store_that_can_not_be_opened_stops_the_job(project: Project) -> None:
    project.data.mkdir()
    (project.data / "kalshi_paper.db").write_text("this is not a database" * 100)
    done = project.run()
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr and "kalshi_paper.db" in done.stderr


def test_help_names_the_exit_codes_and_loads_nothing_heavy(project: Project) -> None:
    done = project.run("--help")
    assert done.returncode == 0
    for word in (
        "--then",
        "--mode",
        "--dry-run",
        "--date",
        "--offline",
        "--json-log",
        "--no-email",
        "exit codes",
    ):
        assert word in done.stdout
    heavy = ("pandas", "numpy", "boto3", "sqlalchemy", "exchange_calendars", "requests", "cryptography")
    code = f"""
import sys
from kalshi.tiny import main
main(["--help"])
print([name for name in {heavy} if name in sys.modules])
"""
    loaded = project.run(command=[sys.executable, "-c", code], PYTHONPATH=str(project.root / "src"))
    assert loaded.stdout.endswith("[]\n")


def test_a_dry_run_and_a_date_outside_paper_say_so(project: Project) -> None:
    assert "*** PAPER *** *** DRY RUN ***" in project.run("--dry-run").stdout
    demo = project.run("--mode", "demo", "--date", "2026-10-09")
    assert "--date sends orders to the paper exchange only" in demo.stdout


def test_a_run_that_takes_too_long_ends_well_and_frees_its_lock(project: Project) -> None:
    ended = project.run("--then", "wait", "--time-limit", "0.01")
    assert ended.returncode == 3
    assert "longer than --time-limit" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert project.run().returncode == 0


@pytest.mark.parametrize("wrong", ["0", "-1", "soon", "nan", "inf"])
def test_a_senseless_time_limit_is_refused(project: Project, wrong: str) -> None:
    ended = project.run("--time-limit", wrong)
    assert ended.returncode == 2
    assert "--time-limit" in ended.stderr


def test_an_unknown_order_is_told_even_when_the_run_fails_afterwards(project: Project) -> None:
    ended = project.run("--then", "unknown then fail")
    assert ended.returncode == 6
    assert "outcome unknown: T-1 c-1" in ended.stderr
    assert "the page of counts has no table" in ended.stderr
