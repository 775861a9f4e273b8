"""Simulated index days per second, and how that grows with days, brackets and steps; memory beside it.

Run: PYTHONPATH=src python bench/bench_season.py
Each figure is the better of two runs in a process of its own, after imports. CPU seconds are shown beside the
wall's, because they do not depend on what else the machine does.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = [
    # (days, brackets, seconds a step)
    (250, 28, 15),
    (1000, 28, 15),
    (4000, 28, 15),
    (1000, 14, 15),
    (1000, 56, 15),
    (1000, 28, 60),
]
RUNS = 2
REAL_DAYS = 2


def arrays(days: int, ranges: int, step_s: int) -> None:
    """Print wall and CPU seconds and peak megabytes of one season at fair prices: the S&P rules of the command."""
    from kalshi.runtime.registry import CRONTAB
    from kalshi.season.fast import trade
    from kalshi.season.market import FAIR, SP_SIGMA, Session, walks
    from kalshi.season.outcomes import Tally
    from kalshi.season.rules import all_rules
    from kalshi.season.run import BLOCK

    rules = [rule for rule in all_rules(CRONTAB) if SP_SIGMA in rule.sigmas]
    session = Session(ranges=ranges, step_s=step_s)
    tallies = [Tally() for _ in rules]
    wall, cpu = time.perf_counter(), time.process_time()
    for first in range(0, days, BLOCK):
        block = range(first, min(days, first + BLOCK))
        for tally, outcome in zip(tallies, trade(session, [FAIR], rules, walks(session, 7, block))[0], strict=True):
            tally.add(outcome)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{time.perf_counter() - wall:.3f} {time.process_time() - cpu:.3f} {megabytes:.0f}")


def scripts(days: int) -> None:
    """Print wall and CPU seconds of *days* days on which the four S&P scripts trade at cron's times, in process."""
    from kalshi import afternoon, midday, morning, sp_daily_every_10_minutes
    from kalshi.runtime.registry import CRONTAB
    from kalshi.season.market import FAIR, Session, walks
    from kalshi.season.real import calls_of, trade_really
    from kalshi.season.rules import PairRule, all_rules

    session = Session(step_s=60)
    rule = all_rules(CRONTAB, ["scripts_stay"])[0]
    assert isinstance(rule, PairRule)
    modules = (morning, midday, sp_daily_every_10_minutes, afternoon)
    calls = calls_of(rule, {module.main.job.name: module.main.job for module in modules})
    index = walks(session, 7, range(days))
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(days):
        with tempfile.TemporaryDirectory() as place:
            trade_really(session, FAIR, index[number], calls, Path(place))
    print(f"{time.perf_counter() - wall:.3f} {time.process_time() - cpu:.3f} {len(calls)}")


def measured(call: str) -> list[float]:
    """Return what *call* of this module prints in a process of its own, the run with the least CPU."""
    here = str(Path(__file__).parent)
    program = f"import sys; sys.path.insert(0, {here!r}); import bench_season; bench_season.{call}"
    found = []
    for _ in range(RUNS):
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        found.append([float(word) for word in ended.stdout.split()])
    return min(found, key=lambda row: row[1])


def main() -> None:
    """Print the table."""
    print("arrays, 7 rules at fair prices:")
    print(f"{'days':>6} {'brackets':>8} {'step s':>6} {'wall s':>8} {'CPU s':>8} {'days/CPU s':>11} {'peak MB':>8}")
    for days, ranges, step_s in CASES:
        wall, cpu, megabytes = measured(f"arrays({days}, {ranges}, {step_s})")
        print(f"{days:>6} {ranges:>8} {step_s:>6} {wall:>8.2f} {cpu:>8.2f} {days / cpu:>11.0f} {megabytes:>8.0f}")
    wall, cpu, starts = measured(f"scripts({REAL_DAYS})")
    print(f"scripts in process, one rule, 60 s steps, {starts:.0f} starts a day:", end=" ")
    print(f"{cpu / REAL_DAYS:.2f} CPU s a day ({wall / REAL_DAYS:.2f} s wall)")


if __name__ == "__main__":
    main()
