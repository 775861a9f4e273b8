"""List the cheap NO contracts of today's S&P 500 event: the sample for a first strategy of one's own.

It never trades. With an empty list no mail is sent, but the report is saved. To begin your own strategy,
copy this file and change the rule; reference/strategies.md and reference/new_strategy.md say how.
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
from kalshi.index import rules_cheap_no, windows
from kalshi.index.carry_out import report_plan
from kalshi.index.script_arguments import SP_STRATEGY, amount
from kalshi.index.tickers import SP_DAILY
from kalshi.index.trading_day import find_day
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameter of the rule."""
    parser.add_argument(
        "--max-no-ask", type=amount, default=Decimal("0.15"), help="dollars of NO, not included (default 0.15)"
    )


@job("main", arguments=arguments)
def main(run: Run) -> None:
    """Report the NO contracts below a price."""
    session, _ = windows.session_in(run, MarketDays.around(run.now), windows.MAIN)
    day = find_day(run, SP_DAILY, session, strategy=SP_STRATEGY, public=connect_public)
    plan = rules_cheap_no.plan(day.state, run.args.max_no_ask)
    report_plan(run, plan)
    if not rules_cheap_no.listed(plan):
        run.args.no_email = True


if __name__ == "__main__":
    raise SystemExit(main())
