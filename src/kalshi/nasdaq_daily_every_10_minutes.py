"""Buy cheap YES near the money on today's Nasdaq-100 ladder, once per market and within a budget.

Off by default in live mode: the published evidence is against it, and the fee is 6.8 % of the stake at 3
cents. Idea, risks and evidence: reference/strategies.md.
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
from kalshi.index import rules_cheap_yes, windows
from kalshi.index.carry_out import carry_out, spent_today
from kalshi.index.history import NASDAQ100
from kalshi.index.price_sources import settled_at
from kalshi.index.script_arguments import CHEAP_YES_STRATEGY, add_enable_live, amount, off_reason
from kalshi.index.tickers import NASDAQ_DAILY
from kalshi.index.trading_day import find_day, spot_of_day
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of the rule."""
    add, dollars = parser.add_argument, Decimal
    add("--window-pct", type=amount, default=dollars("0.01"), help="share of spot to each side (0.01 is 1 %%)")
    add("--max-yes-ask", type=amount, default=dollars("0.03"), help="dollars, not included (0.03)")
    add("--budget-per-market", type=amount, default=dollars(10), help="dollars, fee included (10)")
    add("--budget-per-event", type=amount, default=dollars(30), help="dollars, fee included (30)")
    add("--take-profit", type=amount, help="YES price at which what was bought is offered again; default none")
    add_enable_live(parser)


@job("nasdaq_daily_every_10_minutes", arguments=arguments)
def main(run: Run) -> None:
    """Buy what is cheap and near, if the index is known."""
    args, strategy = run.args, CHEAP_YES_STRATEGY
    days = MarketDays.around(run.now)
    session, _ = windows.session_in(run, days, windows.NASDAQ_LOOP)
    day = find_day(run, NASDAQ_DAILY, session, strategy=strategy, public=connect_public)
    before = days.previous_session(session.day)
    last = settled_at(run.exchange, NASDAQ_DAILY, before.day, before.closes_at) if day.sample is None else None
    spot = spot_of_day(run, day, NASDAQ100, last)
    run.report.add_line(f"Index: {spot.reason}")
    if spot.quote is None:
        windows.stand_aside(run, spot.reason)
    bought, spent = spent_today(run.store, day.event_ticker, strategy, rules_cheap_yes.BUY)
    rules = rules_cheap_yes.CheapYesRules(
        window=args.window_pct,
        max_yes_ask=args.max_yes_ask,
        budget_per_market=args.budget_per_market,
        budget_per_event=args.budget_per_event,
        take_profit=args.take_profit,
        max_contracts=run.config.max_order_contracts,
    )
    plan = rules_cheap_yes.plan(day.state, Decimal(str(spot.quote.value)), rules, bought, spent)
    off = off_reason(run.config, args.enable_live, cross_checked=spot.cross_checked)
    carry_out(run, day, plan, off=off, often=True)


if __name__ == "__main__":
    raise SystemExit(main())
