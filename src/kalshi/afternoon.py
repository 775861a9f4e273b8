"""Sell every position of today's S&P 500 event before the close, each at a bounded worst price.

Cancels the own resting orders first, then sells in immediate-or-cancel, reduce-only rounds; what nobody buys
is left to settlement and named. Follows early closes. More: reference/strategies.md.
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
from kalshi.index import rules_flatten, windows
from kalshi.index.carry_out import carry_out
from kalshi.index.script_arguments import SP_STRATEGY, amount
from kalshi.index.tickers import SP_DAILY
from kalshi.index.trading_day import find_day
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of the rule."""
    add = parser.add_argument
    scopes = (rules_flatten.ALL, rules_flatten.UNLOCKED)
    add("--scope", choices=scopes, default=rules_flatten.ALL, help="unlocked keeps a set that can not lose (all)")
    add("--slippage", type=amount, default=Decimal("0.02"), help="dollars beyond the best price (0.02)")
    add("--min-price", type=amount, default=Decimal("0.01"), help="least dollars per contract (0.01)")


@job("afternoon", arguments=arguments)
def main(run: Run) -> None:
    """Flatten today's event, or say what could not be sold."""
    args = run.args
    session, _ = windows.session_in(run, MarketDays.around(run.now), windows.AFTERNOON)
    day = find_day(run, SP_DAILY, session, strategy=SP_STRATEGY, public=connect_public)
    rules = rules_flatten.FlattenRules(args.scope, args.slippage, args.min_price)
    carry_out(run, day, rules_flatten.plan(day.state, rules))


if __name__ == "__main__":
    raise SystemExit(main())
