"""Arguments the index scripts share: amounts as Decimal, and the switch for live mode."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation

from kalshi.config import Config

# One strategy for the four S&P scripts: they manage the same orders, one after the other.
SP_STRATEGY, CHEAP_YES_STRATEGY, LIKELIHOOD_STRATEGY = "sp_range", "nasdaq_cheap_yes", "nasdaq_likelihood"


def amount(text: str) -> Decimal:
    """Return a number that is not negative, exactly as written. For argparse's `type`."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return value


def add_enable_live(parser: argparse.ArgumentParser) -> None:
    """Add --enable-live, which a strategy that is off by default needs in live mode."""
    parser.add_argument(
        "--enable-live",
        action="store_true",
        help="let this strategy trade in live mode; it is off by default there (see reference/strategies.md)",
    )


def off_reason(config: Config, enable_live: bool, *, cross_checked: bool = True) -> str:
    """Return why a strategy that is off by default sends nothing in this run, empty when it may.

    cross_checked: whether a second source agrees with the index value, where the strategy rests on one.
    """
    if config.mode != "live":
        return ""
    if not enable_live:
        return "this strategy is off by default in live mode: give --enable-live after its paper results"
    return "" if cross_checked else "no second source agrees with the index value, which live mode needs"
