"""Options that evaluate_forecasts and lookahead share: which counts, which weeks, which models."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi.errors import ConfigError, DataError

if TYPE_CHECKING:
    from kalshi.tsa.evaluation import LadderMarket
    from kalshi.tsa.vintages import Vintages

FIRST_SUNDAY = date(2023, 1, 8)  # the weeks before still compare with the pandemic
LEAST_HISTORY = timedelta(days=731)  # a year to compare with, and a year of errors
MOST_NAMED = 5


def add_period_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --counts, --first-prints, --from, --to, --models and --allow-gaps."""
    parser.add_argument("--counts", type=Path, required=True, metavar="FILE", help="CSV date,passengers")
    parser.add_argument(
        "--first-prints", type=Path, metavar="FILE", help="CSV date,first_print,...; may cover only parts"
    )
    parser.add_argument(
        "--from", dest="first", metavar="YYYY-MM-DD",
        help="first day for the week's Sunday; default 2023-01-08, or two years after the first count",
    )
    parser.add_argument("--to", dest="last", metavar="YYYY-MM-DD", help="last day for it; default: the last whole week")
    parser.add_argument("--models", metavar="A,B", help="names of models; default: all")
    parser.add_argument(
        "--allow-gaps", action="store_true", help="accept days without a count; their weeks are named, not scored"
    )


def read_counts(args: argparse.Namespace) -> tuple[Vintages, list[str]]:
    """Return the vintages of the files named in *args*, and notes about what was left out of them.

    Raises ConfigError for a file that is not there, DataError naming file and fault otherwise.
    """
    from kalshi.tsa.vintages import Vintages, read_day_values

    for option, path in (("--counts", args.counts), ("--first-prints", args.first_prints)):
        if path is not None and not path.is_file():
            raise ConfigError(f"{option} {path}: there is no such file")
    counts = read_day_values(args.counts, "passengers")
    prints = read_day_values(args.first_prints, "first_print") if args.first_prints else {}
    first, last = min(counts), max(counts)
    whole = (first + timedelta(days=number) for number in range((last - first).days))
    gaps = [day for day in whole if day not in counts]
    notes = []
    if gaps:
        names, plural = _some(gaps), "s" * (len(gaps) != 1)
        if not args.allow_gaps:
            raise DataError(
                f"{args.counts}: {len(gaps)} day{plural} without a count ({names}): add them, or leave their weeks "
                "out with --allow-gaps"
            )
        notes.append(f"{len(gaps)} {'days have' if len(gaps) > 1 else 'day has'} no count: {names}")
    unused = sorted(day for day in prints if day not in counts)
    if unused:
        verb = "is" if len(unused) == 1 else "are"
        notes.append(f"{_prints(len(unused))} of days without a count {verb} ignored: {_some(unused)}")
    early = sum(day.year == 2020 for day in prints)
    if early:
        notes.append(f"{_prints(early)} of 2020 left out: caught only after TSA had revised the days")
    used = {day: value for day, value in prints.items() if day.year != 2020}
    return Vintages.from_counts(counts, used), notes


def read_period(args: argparse.Namespace, vintages: Vintages) -> tuple[date, date]:
    """Return the first and last day (inclusive) for the week's Sunday. Raises ConfigError for a wrong period."""
    days = [row.day for row in vintages.rows]
    first = _day("--from", args.first) if args.first else max(FIRST_SUNDAY, min(days) + LEAST_HISTORY)
    last = _day("--to", args.last) if args.last else max(days)
    if first > last and (args.first or args.last):
        raise ConfigError(f"--from {first} is after --to {last}: exchange the two")
    return first, last


def read_models(text: str | None) -> list[str]:
    """Return the names in *text*, or all; ConfigError for an unknown one or one given twice."""
    from kalshi.tsa.models import MODELS, model_named

    if text is None:
        return list(MODELS)
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise ConfigError(f"--models {text!r} names no model: choose from {', '.join(MODELS)}")
    for name in names:
        model_named(name)
        if names.count(name) > 1:
            raise ConfigError(f"--models names {name} twice")
    return names


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r} is not a date: write YYYY-MM-DD") from None


def _prints(number: int) -> str:
    return f"{number} first print{'s' * (number != 1)}"


def _some(days: list[date]) -> str:
    shown = ", ".join(str(day) for day in days[:MOST_NAMED])
    return shown + (f" and {len(days) - MOST_NAMED} more" if len(days) > MOST_NAMED else "")


def read_ladder(path: Path, first: date, last: date) -> list[LadderMarket]:
    """Return the markets of a file `ticker,result,...` whose week's Sunday lies in first..last.

    Raises ConfigError for a file that is not there, DataError naming file and fault otherwise.
    """
    from kalshi.tsa.contracts import strike_in_ticker
    from kalshi.tsa.evaluation import LadderMarket
    from kalshi.tsa.quotes import read_markets
    from kalshi.tsa.weeks import parse_event_ticker

    markets = [
        LadderMarket(parse_event_ticker(ticker), ticker, strike_in_ticker(ticker), {"yes": 1, "no": 0}.get(result))
        for ticker, result, _ in read_markets(path, first, last)
    ]
    if not markets:
        raise DataError(f"{path}: no market of a week ending {first} to {last}")
    return markets
