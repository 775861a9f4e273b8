"""Fetch the past of Kalshi's weekly TSA events: markets with results, and candles of every strike.

Finds the events whose Sunday lies in --start .. --end, keeps each market's candles as one Parquet file in the
data directory, and goes on where it was interrupted: what is there and final is not asked for again. In paper
mode a machine without network is told so and gets exit code 0; in demo and live mode exit code 3.
"""

from __future__ import annotations

import argparse
import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.backtest_options import period_of
from kalshi.errors import DataError, ExchangeError
from kalshi.runtime.job import job
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    parser.add_argument("--start", required=True, metavar="YYYY-MM-DD", help="weeks whose Sunday is on or after it")
    parser.add_argument("--end", required=True, metavar="YYYY-MM-DD", help="weeks whose Sunday is on or before it")
    parser.add_argument(
        "--interval", default="1440", metavar="MINUTES", help="candles of 1, 60 or 1440 (default) minutes"
    )


@job("fetch_tsa_history", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Fetch what is missing."""
    from kalshi.backtest_inputs import fetch_into_store, store_of

    start, end, interval = period_of(run.args.start, run.args.end, run.args.interval)
    store = store_of(run.config)
    try:
        if run.offline:
            raise ExchangeError("offline: the exchange was not asked")
        done = fetch_into_store(run, start, end, interval, lambda line: print(line, flush=True))
    except ExchangeError as error:
        kept = len(store.event_tickers(start, end))
        line = f"{error}; {kept} events of {start} .. {end} are kept in {store.root}: run it again with network"
        if run.config.mode != "paper" and not kept:
            raise DataError(line) from None
        run.report.add_line(line)
        if not kept:
            run.report.add_line("Without them backtest_tsa runs on made-up SAMPLE data in paper mode.")
        return
    for line in done.told(store.root):
        run.report.add_line(line)


if __name__ == "__main__":
    raise SystemExit(main())
