"""Take the S&P 500 blanket down at noon when nothing has filled; leave it to the ten-minute loop otherwise.

Only cancels, and only own orders; it never places one. Idea, risks and evidence: reference/strategies.md.
"""

from __future__ import annotations

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

import argparse
from decimal import Decimal

from kalshi.connect import connect_public
from kalshi.index import rules_stand_down, windows
from kalshi.index.carry_out import carry_out
from kalshi.index.script_arguments import SP_STRATEGY, amount
from kalshi.index.tickers import SP_DAILY
from kalshi.index.trading_day import find_day
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameter of the rule."""
    parser.add_argument(
        "--min-filled", type=amount, default=Decimal(1), help="contracts that count as filled (default 1)"
    )


@job("midday", arguments=arguments)
def main(run: Run) -> None:
    """Stand down when nothing has filled."""
    session, _ = windows.session_in(run, MarketDays.around(run.now), windows.MIDDAY)
    day = find_day(run, SP_DAILY, session, strategy=SP_STRATEGY, public=connect_public)
    carry_out(run, day, rules_stand_down.plan(day.state, run.args.min_filled))


if __name__ == "__main__":
    raise SystemExit(main())
