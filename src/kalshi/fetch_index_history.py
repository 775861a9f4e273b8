"""Download the daily bars of an index into the cache that before_close uses, and name what is missing or doubtful.

Asks for one year at a time and keeps what arrived, so a download that was stopped goes on where it was. Exit
code 3: sessions are missing or doubtful, or the source gave nothing; what is good is kept all the same.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date, timedelta

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.errors import ConfigError, DataError
from kalshi.index.history import NASDAQ100, SP500
from kalshi.pricing.likelihood_models import DEFAULT_START
from kalshi.runtime.clock import new_york
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    add = parser.add_argument
    add("--symbol", choices=(SP500, NASDAQ100), default=NASDAQ100, help="index (^NDX)")
    add("--start", type=date.fromisoformat, default=DEFAULT_START, help=f"first session ({DEFAULT_START})")


@job("fetch_index_history", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Top the cache up to the last session that has closed."""
    from kalshi.index.history_cache import cache_path, history_of
    from kalshi.index.yahoo import yahoo_daily

    symbol, start, today = run.args.symbol, run.args.start, new_york(run.now).date()
    if start > today:
        raise ConfigError(f"--start {start} lies in the future")
    days = MarketDays(start - timedelta(days=7), today + timedelta(days=7)).sessions(start, today)
    sessions = [session.day for session in days if session.closes_at <= run.now]
    if not sessions:
        raise ConfigError(f"--start {start}: no session has closed since")
    cache = cache_path(run.data_dir, symbol)
    download = None if run.offline else yahoo_daily
    found = history_of(symbol, sessions, file=None, cache=cache, download=download)
    if found is None:
        raise DataError(f"there is no history of {symbol} in {cache}, and --offline downloads none")
    run.report.add_line(f"{symbol}: {len(found.bars)} sessions from {found.bars[0].day} to {found.last.day}, complete")
    run.report.add_line(f"Kept in {cache}")


if __name__ == "__main__":
    raise SystemExit(main())
