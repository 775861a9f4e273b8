"""The page that adds a strategy does: its code is saved and run as it stands there, in paper mode."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

Project = Any  # the class of the fixture in conftest.py
PAGE = (Path(__file__).resolve().parents[2] / "reference" / "new_strategy.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(COMMAND,) = re.findall(r"```sh\nPYTHONPATH=src python3 (.*?)\n```", PAGE, re.DOTALL)


@pytest.fixture
def strategy(project: Project) -> Project:
    project.script.with_name("cheap_yes.py").write_text(CODE, encoding="utf-8")
    return project


def kalshi(project: Project, command: str) -> Any:
    return project.run(command=[sys.executable, *shlex.split(command)], PYTHONPATH=str(project.root / "src"))


def test_it_is_under_thirty_lines_of_one_function() -> None:
    assert len(CODE.splitlines()) < 30
    assert CODE.count("@job(") == 1


def test_it_trades_as_the_page_says_and_the_same_tick_is_the_same_orders(strategy: Project) -> None:
    done = kalshi(strategy, COMMAND)
    assert done.returncode == 0, done.stderr
    (said,) = re.findall(r"`(\d+ intents: \d+ sent \(accepted \d+\))`", PAGE)
    assert said in done.stdout and "SAMPLE" in done.stdout
    again = kalshi(strategy, COMMAND)
    count = said.partition(" ")[0]
    assert f"{count} intents: {count} placed earlier, 0 sent" in again.stdout
    assert "Placed earlier, nothing sent now" in again.stdout
    placed = json.loads(kalshi(strategy, "-m kalshi orders --json").stdout)["orders"]
    assert len(placed) == int(count)
    assert {(row["side"], row["count"], row["state"]) for row in placed} == {("yes", "1", "accepted")}
    assert all(row["price"] <= "0.03" for row in placed)
    held = json.loads(kalshi(strategy, "-m kalshi status --json").stdout)["positions"]
    assert [(row["side"], row["contracts"]) for row in held] == [("YES", "1.00")] * int(count)


def test_a_dry_run_sends_nothing_and_a_holiday_ends_well(strategy: Project) -> None:
    dry = kalshi(strategy, f"{COMMAND} --dry-run")
    assert dry.returncode == 0 and "refused here (dry run" in dry.stdout
    holiday = kalshi(strategy, COMMAND.replace("2026-10-07", "2026-11-26"))
    assert holiday.returncode == 0 and "no session on Thursday, 2026-11-26" in holiday.stdout


def test_the_registry_finds_it_with_its_parameter(strategy: Project) -> None:
    listed = json.loads(kalshi(strategy, "-m kalshi list --json").stdout)
    (summary,) = [row["what_it_does"] for row in listed["jobs"] if row["job"] == "cheap_yes"]
    assert summary.startswith("Buy one YES contract")
    shown = [(row["parameter"], row["default"]) for row in listed["parameters_of_those_that_trade"]
             if row["job"] == "cheap_yes"]
    assert shown == [("--most", "0.05")]
