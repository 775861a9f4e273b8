"""Manage the fills of the S&P 500 blanket: complete the pair, then free-roll on a guaranteed profit.

Every other market is bid up to the price at which its fill locks the set; the higher price is used only once
the guarantee, worked out from real fills and fees, is reached. Orders that are right keep their queue place.
Off by default in live mode. Idea, risks and evidence: reference/strategies.md.
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
from kalshi.index import rules_pair, windows
from kalshi.index.carry_out import carry_out
from kalshi.index.script_arguments import SP_STRATEGY, add_enable_live, amount, off_reason
from kalshi.index.tickers import SP_DAILY
from kalshi.index.trading_day import find_day
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of the rule."""
    add, dollars = parser.add_argument, Decimal
    add("--complete-price", type=amount, help="dollars of NO; default: as high as still locks the set")
    add("--complete-margin", type=amount, default=dollars("0.01"), help="dollars a contract to keep (0.01)")
    add("--complete-cap", type=amount, default=dollars("0.85"), help="most dollars of NO (0.85)")
    add("--free-roll-price", type=amount, default=dollars("0.80"), help="dollars of NO once locked (0.80)")
    add("--lock-target", type=amount, default=dollars(0), help="dollars the guarantee must reach (0)")
    add("--max-legs", type=int, default=5, help="markets held or bid while free-rolling (5)")
    add("--max-gross", type=amount, default=dollars(1350), help="dollars of all bids and legs (1350)")
    add("--complete-as-taker", action="store_true", help="also buy the completing leg where it is on offer")
    add_enable_live(parser)


@job("sp_daily_every_10_minutes", arguments=arguments)
def main(run: Run) -> None:
    """Bring the resting orders of today's event in line with its fills."""
    args = run.args
    session, _ = windows.session_in(run, MarketDays.around(run.now), windows.SP_LOOP)
    day = find_day(run, SP_DAILY, session, strategy=SP_STRATEGY, public=connect_public)
    rules = rules_pair.PairRules(
        complete_price=args.complete_price,
        complete_margin=args.complete_margin,
        complete_cap=args.complete_cap,
        free_roll_price=args.free_roll_price,
        lock_target=args.lock_target,
        max_legs=args.max_legs,
        max_gross=args.max_gross,
        complete_as_taker=args.complete_as_taker,
    )
    plan = rules_pair.plan(day.state, rules)
    carry_out(run, day, plan, off=off_reason(run.config, args.enable_live), often=True)


if __name__ == "__main__":
    raise SystemExit(main())
