"""Options of `sweep`: the values of each parameter, and how the plans are chosen and counted."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation

from kalshi.backtest_options import add_data_arguments
from kalshi.errors import ConfigError
from kalshi.tsa.sweep_grid import Grid

MODELS = "combined,yoy_hol"
ENTRIES = "mon,tue,wed,thu,fri"
MARGINS = "0.02,0.05,0.08,0.10,0.125,0.15,0.20,0.25,0.30,0.40"
MIN_EDGES = "0,0.01,0.02,0.04,0.08"
MAX_SPREADS = "0.03,0.05,0.10,0.20,0.30"
SIZINGS = "contracts:1,dollars:5,kelly:0.25,kelly:0.5"
DECIMALS = ("margins", "min_edges", "max_spreads")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; the default grid has 10,000 plans."""
    add_data_arguments(parser)
    lists = parser.add_argument_group("values to combine, separated by commas")
    lists.add_argument("--models", default=MODELS, help=f"default {MODELS}")
    lists.add_argument("--entries", default=ENTRIES, help="weekdays; several as mon+thu, with a time as fri@15:00")
    lists.add_argument("--margins", default=MARGINS, help=f"share of the value kept back; default {MARGINS}")
    lists.add_argument("--min-edges", default=MIN_EDGES, help=f"dollars a contract after fees; default {MIN_EDGES}")
    lists.add_argument("--max-spreads", default=MAX_SPREADS, help=f"dollars; default {MAX_SPREADS}")
    lists.add_argument("--sizings", default=SIZINGS, help=f"default {SIZINGS}")
    fixed = parser.add_argument_group("the same in every plan")
    fixed.add_argument(
        "--policy", default="taker", help="fills: taker (default), maker-conservative, maker-optimistic, mid"
    )
    fixed.add_argument("--hold", default="news", help="an order rests until the next counts (news) or the close")
    fixed.add_argument("--cash", default="1000", help="dollars at the start (default 1000)")
    fixed.add_argument("--max-position", default="100", help="contracts in one market (default 100)")
    fixed.add_argument("--max-event-cost", default="100", help="most an event can lose, dollars (default 100)")
    choose = parser.add_argument_group("choosing and counting")
    choose.add_argument("--gap", type=int, default=1, help="weeks left out before the traded one (default 1)")
    choose.add_argument("--least-weeks", type=int, default=2, help="weeks before the first choice (default 2)")
    choose.add_argument("--bootstraps", type=int, default=2000, help="resampled worlds (default 2000)")
    choose.add_argument("--seed", type=int, default=20_000, help="of the resampling (default 20000)")
    where = parser.add_argument_group("where it runs")
    where.add_argument("--workers", type=int, metavar="N", help="processes on this machine; default: its cores")
    where.add_argument("--scheduler", default="", metavar="ADDRESS", help="Dask cluster, as tcp://127.0.0.1:8786")


def read_grid(args: argparse.Namespace) -> Grid:
    """Return the plans asked for; ConfigError names the option and the fix."""
    values: dict[str, tuple[object, ...]] = {}
    for name in ("models", "entries", *DECIMALS, "sizings"):
        texts = [text.strip() for text in getattr(args, name).split(",") if text.strip()]
        values[name] = tuple(_decimal(name, text) if name in DECIMALS else text for text in texts)
    if not str(args.max_position).isdigit():
        raise ConfigError(f"--max-position {args.max_position!r} is no number of contracts")
    grid = Grid(
        **values,  # type: ignore[arg-type]
        policy=args.policy,
        hold=args.hold,
        max_position=int(args.max_position),
        max_event_cost=_decimal("max_event_cost", args.max_event_cost),
        cash=_decimal("cash", args.cash),
    )
    grid.check()
    for name, lowest in (("gap", 1), ("least_weeks", 1), ("bootstraps", 100)):
        if getattr(args, name) < lowest:
            raise ConfigError(f"--{name.replace('_', '-')} {getattr(args, name)} must be at least {lowest}")
    if args.workers is not None and args.workers < 1:
        raise ConfigError(f"--workers {args.workers} must be at least 1")
    return grid


def _decimal(name: str, text: str) -> Decimal:
    option = f"--{name.replace('_', '-')} {text!r}"
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"{option} is not a number") from None
    if not value.is_finite() or value != round(value, 6):
        raise ConfigError(f"{option} must be a number with at most six decimals")
    return value
