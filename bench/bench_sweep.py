"""Sweep over the recorded history: seconds for 10,000 plans, how they grow, and two workers against one.

Run: PYTHONPATH=src python bench/bench_sweep.py [FOLDER]
FOLDER as in bench_backtest.py; without it the SAMPLE is used. The bound for 10,000 plans is 60 s on two cores. One
worker and two take turns in one run; the processes are warm, as in a sweep that lasts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
BOUND_S = 60.0


def plain_loops(number: int) -> float:
    """Return the seconds of *number* loops in processes of their own at once: how much two workers could win."""
    began = time.perf_counter()
    program = "x = 0\nfor i in range(10_000_000): x += i"
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(number)]
    for one in running:
        one.wait()
    return time.perf_counter() - began


def main() -> None:
    """Print the figures of the README."""
    from kalshi.sweep_options import ENTRIES, MARGINS, MAX_SPREADS, MIN_EDGES, MODELS, SIZINGS
    from kalshi.tsa.quotes import read_history
    from kalshi.tsa.sample_history import sample_history
    from kalshi.tsa.sweep_grid import Grid
    from kalshi.tsa.sweep_run import run_sweep
    from kalshi.tsa.tape import tape_of
    from kalshi.tsa.trading_week import trading_week
    from kalshi.tsa.vintages import Vintages

    def decimals(text: str) -> tuple[Decimal, ...]:
        return tuple(Decimal(one) for one in text.split(","))

    grid = Grid(
        tuple(MODELS.split(",")), tuple(ENTRIES.split(",")), decimals(MARGINS), decimals(MIN_EDGES),
        decimals(MAX_SPREADS), tuple(SIZINGS.split(",")),
    )  # fmt: skip
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KALSHI_SHARED_DATA", "")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    started = time.perf_counter()
    if (folder / "kxtsaw_candles_1d.csv").exists():
        source = "files"
        names = folder / "kxtsaw_candles_1d.csv", folder / "kxtsaw_markets.csv"
        events = read_history(*names, start=date(2022, 6, 1), end=date(2026, 12, 31))
        vintages = Vintages.from_shared(folder / "tsa_counts.csv", folder / "tsa_first_print.csv")
    else:
        source = "SAMPLE"
        events, vintages = sample_history(date(2026, 1, 4), date(2026, 4, 26))
    weeks = [trading_week(event, vintages, grid.moments, grid.models) for event in events]
    tape = tape_of([week for week in weeks if week.groups], grid.moments, grid.models)
    prepared = time.perf_counter() - started

    def seconds(plans: Grid, workers: int) -> float:
        with tempfile.TemporaryDirectory() as place:
            began = time.perf_counter()
            run_sweep(tape, plans, Path(place), workers=workers)
            return time.perf_counter() - began

    large = replace(grid, margins=tuple(Decimal(n) / 1000 for n in range(10, 410, 10)))
    seconds(grid, 2)  # starts the workers
    small, one, two = [], [], []
    for number in range(ROUNDS):
        small.append(seconds(grid, 2))
        one.append(seconds(large, 1))
        two.append(seconds(large, 2))
        print(f"round {number + 1} of {ROUNDS}: {small[-1]:.1f} s, {one[-1]:.1f} s, {two[-1]:.1f} s", flush=True)
    alone, both = plain_loops(1), plain_loops(2)
    print(f"two plain loops at once do {2 * alone / both:.2f} times the work of one: what this machine has to give")
    print(f"{len(events)} events, {len(tape.weeks)} with quotes ({source}); data and forecasts once: {prepared:.1f} s")
    print(f"{grid.size:,} plans on two workers: {median(small):.1f} s (bound {BOUND_S:.0f} s)")
    print(f"{large.size:,} plans on two workers: {median(two):.1f} s, {median(two) / median(small):.1f} times as long")
    print(f"{large.size:,} plans on one worker: {median(one):.1f} s, {median(one) / median(two):.2f} times that of two")


if __name__ == "__main__":
    main()
