"""A worked example: log in, look at the account, the open events of a series and one ladder. Sends no order.

Copy this file to start an analysis of your own: `run.exchange` is the signed client of the chosen mode, and
every method of it is described in kalshi/exchange/endpoints_*.py.
"""

import os
import sys

if not __package__:  # started by path: let `kalshi` be found beside this folder
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

import argparse

from kalshi.connect import PAPER_STATE
from kalshi.exchange.hosts import PAPER_BASE
from kalshi.exchange.models import Event, Market
from kalshi.runtime.job import job
from kalshi.runtime.run import SAMPLE_STATE, Run

NO_MARKETS = (
    "The paper exchange has no open {series} event: run `PYTHONPATH=src python3 src/kalshi/tsa_trading_bot.py"
    " --mode paper` today; where there is no network that trades made-up markets, which --sample shows."
    " --mode demo and --mode live look at another exchange."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this example can be asked."""
    parser.add_argument("--series", default="KXTSAW", help="series to look at; default KXTSAW")
    parser.add_argument("--sample", action="store_true", help="look at the exchange of made-up SAMPLE markets")


@job("analysis", arguments=add_arguments, exclusive=False)
def main(run: Run) -> None:
    """Fill the report, which is printed at the end."""
    series = run.args.series
    if run.config.mode != "live":
        run.report.mark(run.config.mode.upper())
    if run.args.sample or has_only_sample(run):
        run.enter_sample()
    show_account(run)
    events = list(run.exchange.events(series_ticker=series, status="open", with_nested_markets=True))
    run.report.add_table(
        f"Open events of {series}",
        ("event", "title", "markets", "closes"),
        [(event.event_ticker, event.title, len(event.markets or ()), first_close(event)) for event in events],
    )
    if events:
        show_ladder(run, min(events, key=lambda event: event.event_ticker))
    elif run.config.mode == "paper":
        run.report.add_line(NO_MARKETS.format(series=series))
    else:
        run.report.add_line(f"{run.config.mode}: no open event of {series} today; try --series KXINX")


def has_only_sample(run: Run) -> bool:
    """Return whether nothing but made-up markets was traded on paper here, as after `make demo` without network."""
    there = [(run.data_dir / name).exists() for name in (SAMPLE_STATE, PAPER_STATE)]
    return run.config.mode == "paper" and there == [True, False]


def show_account(run: Run) -> None:
    """Show mode, balance and what is held."""
    balance = run.exchange.balance()
    where = "the exchange in this process" if run.config.api_base == PAPER_BASE else run.config.api_base
    run.report.add_line(f"Logged in to {where}, mode {run.config.mode}")
    run.report.add_line(f"Balance: ${balance.balance_dollars}")
    run.report.add_table(
        "Positions",
        ("market", "contracts (+ YES, - NO)", "exposure $"),
        [(held.ticker, held.position_fp, held.market_exposure_dollars) for held in run.exchange.positions()],
    )


def show_ladder(run: Run, event: Event) -> None:
    """Show the quotes of one event, lowest strike first."""
    ladder = sorted(event.markets or (), key=strike)
    run.report.add_table(
        f"Ladder of {event.event_ticker}",
        ("market", "YES if", "bid", "ask", "volume"),
        [(market.ticker, condition(market), *bid_and_ask(market), market.volume_fp) for market in ladder],
    )


def first_close(event: Event) -> object:
    """Return when the first market of *event* closes, None where it has none."""
    return min((market.close_time for market in event.markets or ()), default=None)


def strike(market: Market) -> tuple[object, str]:
    """Return what the ladder is ordered by."""
    bounds = [bound for bound in (market.floor_strike, market.cap_strike) if bound is not None]
    return (min(bounds, default=0), market.ticker)


def condition(market: Market) -> str:
    """Return when the market resolves YES, from its own fields and not from its ticker."""
    bounds = [f"{bound:,}" for bound in (market.floor_strike, market.cap_strike) if bound is not None]
    return f"{(market.strike_type or 'see rules').replace('_', ' ')} {' .. '.join(bounds)}".strip()


def bid_and_ask(market: Market) -> tuple[object, object]:
    """Return the best YES bid and ask; None where nobody quotes."""
    quote = market.quote()
    return quote.yes_bid, quote.yes_ask


if __name__ == "__main__":
    raise SystemExit(main())
