"""Fetch the past of an index series: its events with results, and candles of every market.

Finds the events whose day lies in --start .. --end, under the series' older names too, keeps each market's
candles as one Parquet file in the data directory, and goes on where it was interrupted: what is there and final
is not asked for again. Without network: exit code 0 in paper mode, 3 in demo and live mode.
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
    parser.add_argument("--series", default="KXINX", help="KXINX (default), KXNASDAQ100 or another series")
    parser.add_argument("--start", required=True, metavar="YYYY-MM-DD", help="events of this day and later")
    parser.add_argument("--end", required=True, metavar="YYYY-MM-DD", help="events up to this day, inclusive")
    parser.add_argument("--interval", default="1", metavar="MINUTES", help="candles of 1 (default), 60 or 1440 minutes")


@job("fetch_index_candles", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Fetch what is missing."""
    from kalshi.connect import connect_public
    from kalshi.season.index_history import fetch_index_candles, index_store

    start, end, interval = period_of(run.args.start, run.args.end, run.args.interval)
    series = run.args.series.upper()
    store = index_store(run.data_dir, series)
    try:
        if run.offline:
            raise ExchangeError("offline: the exchange was not asked")
        client = connect_public(run.config)
        with client:
            done = fetch_index_candles(
                client, store, series=series, start=start, end=end, period_minutes=interval, now=run.now,
                progress=lambda line: print(line, flush=True),
            )  # fmt: skip
    except ExchangeError as error:
        kept = len(store.event_tickers(start, end))
        line = f"{error}; {kept} events of {start} .. {end} are kept in {store.root}: run it again with network"
        if run.config.mode != "paper" and not kept:
            raise DataError(line) from None
        run.report.add_line(line)
        return
    for line in done.told(store.root):
        run.report.add_line(line)


if __name__ == "__main__":
    raise SystemExit(main())
