"""Backtest of every event in a folder of history files: seconds after imports, reading the files included.

Run: PYTHONPATH=src python bench/bench_backtest.py [FOLDER]
FOLDER holds kxtsaw_candles_1d.csv, kxtsaw_markets.csv, tsa_counts.csv and tsa_first_print.csv; default
KALSHI_SHARED_DATA, else ../shared/data. Without them the SAMPLE is timed instead. The bound is 2 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START, END = date(2022, 6, 1), date(2026, 12, 31)
RUNS = 3
BOUND_S = 2.0


def one_run(folder: Path) -> None:
    """Print the seconds of one backtest in this process, whose imports are done and whose caches are empty."""
    from kalshi.research.backtest_csv import backtest_csv
    from kalshi.tsa.backtest import Settings, run_backtest
    from kalshi.tsa.backtest_rows import EXTRA_COLUMNS, trade_row
    from kalshi.tsa.quotes import read_history
    from kalshi.tsa.sample_history import sample_history
    from kalshi.tsa.vintages import Vintages

    started = time.perf_counter()
    if (folder / "kxtsaw_candles_1d.csv").exists():
        source = "files"
        events = read_history(
            folder / "kxtsaw_candles_1d.csv", folder / "kxtsaw_markets.csv", start=START, end=END
        )
        vintages = Vintages.from_shared(folder / "tsa_counts.csv", folder / "tsa_first_print.csv")
    else:
        source = "SAMPLE"
        events, vintages = sample_history(date(2026, 1, 4), date(2026, 4, 26))
    settings = Settings()
    result = run_backtest(events, vintages, settings)
    backtest_csv([trade_row(trade, settings, source) for trade in result.trades], EXTRA_COLUMNS)
    seconds = time.perf_counter() - started
    print(f"{seconds:.3f} {source} {settings.model} {result.events} {result.markets} {len(result.trades)}")


def main() -> None:
    """Print the best and the worst of some runs, each in its own process."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KALSHI_SHARED_DATA", "")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    lines = []
    for _ in range(RUNS):
        program = f"import bench_backtest, pathlib; bench_backtest.one_run(pathlib.Path({str(folder)!r}))"
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "bench")])
        ended = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path},
            capture_output=True, text=True, check=True,
        )
        lines.append(ended.stdout.split())
    seconds = sorted(float(line[0]) for line in lines)
    _, source, model, events, markets, trades = lines[0]
    print(f"backtest of {events} events, {markets} markets ({source}, model {model}): {trades} trades")
    print(f"best {seconds[0]:.2f} s, worst {seconds[-1]:.2f} s of {RUNS} (bound {BOUND_S:.0f} s)")


if __name__ == "__main__":
    main()
