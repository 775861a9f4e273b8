"""Value the Nasdaq-100 ladder by past moves: today's event in the session, a later one near its close.

Mails the whole table with probability, price, class and edge. Orders only with --trade, only where the edge
after the fee is above its margin and above the model's own error, never in the evening. More:
reference/strategies.md.
"""

from __future__ import annotations

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

import argparse
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from kalshi.connect import connect_public
from kalshi.index import past_valuations, rules_likelihood, valuation, windows
from kalshi.index.carry_out import carry_out
from kalshi.index.history import NASDAQ100
from kalshi.index.script_arguments import LIKELIHOOD_STRATEGY, amount, off_reason
from kalshi.index.tickers import NASDAQ_DAILY
from kalshi.index.trading_day import find_day
from kalshi.pricing.likelihood_models import DEFAULT_MODEL, DEFAULT_START, MODELS
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run

A_MONTH = timedelta(days=31)
SLOTS = (windows.TODAY_SLOT, windows.NEXT_SLOT, windows.EVENING_SLOT)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of the valuation."""
    add, dollars = parser.add_argument, Decimal
    add("--history", type=Path, metavar="FILE", help="CSV with date,close; default: the cache, topped up")
    add("--history-start", type=date.fromisoformat, default=DEFAULT_START, help=f"first session ({DEFAULT_START})")
    add("--model", choices=MODELS, default=DEFAULT_MODEL, help=f"how past moves speak of today ({DEFAULT_MODEL})")
    add("--alpha", type=float, default=1.0, help="smoothing of the counts (1)")
    add("--budget", type=amount, default=dollars(10), help="dollars per market, fee included (10)")
    add("--kelly", type=amount, help="also stake at most this share of Kelly, such as 0.25; default: the budget alone")
    add("--min-edge", type=amount, default=dollars("0.03"), help="dollars per contract after the fee (0.03)")
    add("--min-n", type=int, default=250, help="fewest past moves (250)")
    add("--trade", action="store_true", help="place the orders; without it the table is only reported")


@job("before_close", arguments=arguments)
def main(run: Run) -> None:
    """Compare prices with the likelihood of past moves and mail the table."""
    args = run.args
    today = run.now.date()
    days = MarketDays(min(args.history_start, today) - A_MONTH, today + A_MONTH)
    session, slot = windows.session_in(run, days, *SLOTS)
    targets = [session] if slot is windows.TODAY_SLOT else valuation.later_sessions(days, session.day)
    day = find_day(run, NASDAQ_DAILY, *targets, strategy=LIKELIHOOD_STRATEGY, public=connect_public)
    settings = valuation.Settings(
        NASDAQ100, args.history_start, args.history, args.model, args.alpha, args.min_n
    )
    estimates, cross_checked = valuation.estimate_day(run, day, days, session, settings)
    most = run.config.max_order_contracts
    rules = rules_likelihood.LikelihoodRules(args.budget, args.min_edge, max_contracts=most, kelly=args.kelly)
    off = "" if args.trade else "--trade was not given"
    if slot is windows.EVENING_SLOT:
        off = "the index stands still in the evening while futures move: report only"
    off = off or off_reason(run.config, args.trade, cross_checked=cross_checked)
    past_valuations.told(run, day, estimates, settings.model)
    carry_out(run, day, rules_likelihood.plan(day.state, estimates, rules), off=off)


if __name__ == "__main__":
    raise SystemExit(main())
