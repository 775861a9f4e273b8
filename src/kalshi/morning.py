"""Rest a blanket of equal NO bids on today's S&P 500 ladder, five minutes after the open.

All markets with a two-sided quote get the same bid; the whole blanket rests or nothing does. Off by default
in live mode. Idea, risks and evidence: reference/strategies.md.
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
from kalshi.index import rules_blanket, windows
from kalshi.index.carry_out import carry_out
from kalshi.index.script_arguments import SP_STRATEGY, add_enable_live, amount, off_reason
from kalshi.index.tickers import SP_DAILY
from kalshi.index.trading_day import find_day
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of the blanket."""
    parser.add_argument("--no-price", type=amount, default=Decimal("0.45"), help="dollars of NO (default 0.45)")
    parser.add_argument(
        "--count", type=amount, help="contracts per market (default 100, or fewer where the limits allow fewer)"
    )
    parser.add_argument("--max-gross", type=amount, default=Decimal(1350), help="dollars of all bids (default 1350)")
    parser.add_argument(
        "--max-event-loss", type=amount, default=Decimal(45), help="dollars lost if one leg fills (default 45)"
    )
    add_enable_live(parser)


@job("morning", arguments=arguments)
def main(run: Run) -> None:
    """Place today's blanket, or say why not."""
    args, limits = run.args, run.config
    count = args.count or rules_blanket.DEFAULT_COUNT
    rules = rules_blanket.BlanketRules(args.no_price, count, args.max_gross, args.max_event_loss)
    session, _ = windows.session_in(run, MarketDays.around(run.now), windows.MORNING)
    day = find_day(run, SP_DAILY, session, strategy=SP_STRATEGY, public=connect_public)
    if args.count is None:
        rules = rules_blanket.within_limits(rules, limits)
        run.report.add_line(f"{rules.count} contracts per market: the default of 100 within the desk's limits")
    plan = rules_blanket.plan(day.state, rules, limits)
    carry_out(run, day, plan, off=off_reason(run.config, args.enable_live), whole=True)


if __name__ == "__main__":
    raise SystemExit(main())
