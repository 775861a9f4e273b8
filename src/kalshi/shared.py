"""The strategies' toolbox: a flat set of functions that hand calls on to the rooms below.

Names follow the first scripts of this project, so that older strategies find what they call. Everything that
trades takes the `Run` of a job and goes through its desk.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from kalshi.config import Config, load_config
from kalshi.errors import DataError
from kalshi.index import tickers
from kalshi.runtime.clock import Clock, new_york, utc_now
from kalshi.tsa import weeks

if TYPE_CHECKING:
    from kalshi.clients import ExchangeClient
    from kalshi.exchange.models import Order
    from kalshi.mailer import MailOutcome
    from kalshi.pricing.negative_risk import Guarantee
    from kalshi.runtime.run import Run
    from kalshi.trading.cancels import CancelResult
    from kalshi.trading.outcomes import OrderReport

MOST_TICKERS = 100  # of one question for fills

__all__ = [
    "cancel_all_orders_for_market",
    "check_for_fulfilled_orders",
    "check_if_negative_risk_is_met_for_market",
    "create_nasdaq_event_id",
    "create_no_orders_for_every_contract_in_market",
    "create_sp_market_id",
    "create_tsa_event_id",
    "create_weekly_nasdaq_market_id",
    "create_weekly_sp_market_id",
    "format_date",
    "get_next_sunday",
    "guarantee_of_event",
    "login",
    "sell_all_contracts_for_market",
    "send_email",
]


def login(mode: str | None = None, *, config: Config | None = None, clock: Clock = utc_now) -> ExchangeClient:
    """Return a signed client whose host follows *mode*: paper, demo or live; default the configuration's.

    Raises ConfigError naming the setting when the key is missing, unreadable or refused by AWS.
    """
    from kalshi.connect import connect

    settings = config if config is not None and mode in (None, config.mode) else load_config(mode=mode)
    return connect(settings, clock=clock)


def send_email(body: str, subject: str = "Kalshi", *, config: Config | None = None) -> MailOutcome:
    """Mail *body* as text and, escaped, as HTML; skipped with a warning without sender or recipient.

    Never raises: a mail that fails is logged and told by the outcome.
    """
    from kalshi import mailer

    return mailer.send_email(config or load_config(), subject, body, f"<pre>{escape(body)}</pre>")


def today() -> date:
    """Return New York's date, asked for at the moment of the call."""
    return new_york(utc_now()).date()


def format_date(date_to_format: date | None = None) -> str:
    """Return a day, default today in New York, as tickers write it: 26OCT09."""
    return tickers.format_date(date_to_format or today())


def create_sp_market_id(run_date: date | None = None) -> str:
    """Return the S&P 500 daily event's name for a day, default today; a hint, not a promise."""
    return tickers.sp_event(run_date or today())


def create_nasdaq_event_id(run_date: date | None = None) -> str:
    """Return the Nasdaq-100 daily event's name for a day, default today; a hint, see create_sp_market_id."""
    return tickers.nasdaq_event(run_date or today())


def create_weekly_sp_market_id(run_date: date | None = None) -> str:
    """Return the S&P 500 event's name for the Friday on or after a day, default today."""
    return tickers.sp_event(tickers.this_friday(run_date or today()))


def create_weekly_nasdaq_market_id(run_date: date | None = None) -> str:
    """Return the Nasdaq-100 event's name for the Friday on or after a day, default today."""
    return tickers.nasdaq_event(tickers.this_friday(run_date or today()))


def get_next_sunday(skip_today_if_sunday: bool = False, reference_date: date | None = None) -> str:
    """Return the Sunday on or after a day, default today in New York, as 26OCT11.

    skip_today_if_sunday: a Sunday itself gives the one a week later.
    """
    day = reference_date or today()
    return tickers.format_date(weeks.week_sunday_of(day + timedelta(days=1) if skip_today_if_sunday else day))


def create_tsa_event_id(next_sunday: str | date | None = None) -> str:
    """Return the weekly TSA event's name for a Sunday (text or date); default this week's."""
    sunday = tickers.parse_date(next_sunday) if isinstance(next_sunday, str) else next_sunday
    return weeks.event_ticker(sunday or weeks.week_sunday_of(today()))


def cancel_all_orders_for_market(run: Run, event_ticker: str) -> list[CancelResult]:
    """Cancel the own resting orders of an event; return what became of each."""
    return run.desk.cancel_resting(event_ticker)


def create_no_orders_for_every_contract_in_market(
    run: Run,
    event_ticker: str,
    exclude_tickers: Collection[str] = (),
    limit_price: Decimal = Decimal("0.15"),
    count: Decimal = Decimal(100),
) -> list[OrderReport]:
    """Rest a NO bid, post-only, in every open market of an event but *exclude_tickers*; return the reports.

    limit_price: dollars of NO. Every order passes the desk's limits; refusals are reports too.
    """
    from kalshi.trading.intents import Intent, Side

    event = run.exchange.event(event_ticker)
    run_date = new_york(run.now).date()
    return [
        run.desk.submit(
            Intent(
                strategy=run.job,
                run_date=run_date,
                event_ticker=event_ticker,
                ticker=market.ticker,
                side=Side.NO,
                price=limit_price,
                count=count,
                purpose="blanket",
                post_only=True,
            ),
            market,
        )
        for market in (event.markets or ())
        if market.ticker not in exclude_tickers and market.status == "active"
    ]


def sell_all_contracts_for_market(
    run: Run, event_ticker: str, worst_price: Decimal, rounds: int = 3
) -> list[OrderReport]:
    """Flatten every position of an event by immediate-or-cancel orders; return the reports of what was sent.

    worst_price: dollars of the side held, below which nothing is sold. What stays open is in the reports.
    """
    held = [row.ticker for row in run.exchange.positions(event_ticker=event_ticker) if row.position_fp]
    return [
        run.desk.flatten(run.exchange.market(ticker), worst_price, rounds, strategy=run.job)
        for ticker in held
    ]


def check_for_fulfilled_orders(run: Run, event_ticker: str) -> list[Order]:
    """Return the own orders of an event that are filled completely."""
    return [order for order in run.exchange.orders(event_ticker=event_ticker) if order.status == "executed"]


def guarantee_of_event(run: Run, event_ticker: str) -> Guarantee:
    """Return profit and loss of an event under every outcome, computed from the own fills and their fees.

    Raises DataError when the event is not mutually exclusive: its outcomes are then not one of many.
    """
    from kalshi.pricing.negative_risk import guarantee, leg_of_fill

    event = run.exchange.event(event_ticker)
    if not event.mutually_exclusive:
        raise DataError(f"{event_ticker} is not mutually exclusive: no guarantee can be computed for it")
    tickers = [market.ticker for market in (event.markets or ())]
    groups = [tickers[start : start + MOST_TICKERS] for start in range(0, len(tickers), MOST_TICKERS)]
    fills = [fill for group in groups for fill in run.exchange.fills(ticker=group)]
    return guarantee(map(leg_of_fill, fills), tickers)


def check_if_negative_risk_is_met_for_market(run: Run, event_ticker: str, target: Decimal = Decimal(0)) -> bool:
    """Return whether at least *target* dollars of an event are certain whatever happens, from real fills."""
    return guarantee_of_event(run, event_ticker).is_locked(target)
