"""Options of `backtest_tsa`: from the command line, a configuration file, and defaults, in this order."""

from __future__ import annotations

import argparse
import difflib
import json
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from kalshi.config import PROJECT_ROOT
from kalshi.errors import ConfigError

INTERVALS = (1, 60, 1440)
# a test holds it to tsa.models
MODEL_NAMES = ("earlier", "earlier_fixed", "yoy_hol", "analog", "dhr", "mstl", "boosted", "combined", "stacked")
PATHS = ("candles", "markets", "counts", "first_prints")
NOT_OPTIONS = ("description",)  # may stand in a configuration file for its reader


@dataclass(frozen=True)
class Options:
    """What one backtest is run with; None: not given. start, end: inclusive, for the week's Sunday."""

    start: date | None = None
    end: date | None = None
    interval: int = 1440
    candles: Path | None = None
    markets: Path | None = None
    counts: Path | None = None
    first_prints: Path | None = None
    model: str | None = None
    entry: str = "mon"
    rule: str = "every"
    fill: str = "taker"
    count: Decimal = Decimal(1)
    sample: bool = False

    def parameters(self) -> dict[str, Any]:
        """Return the options for the metadata."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) is not None}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; all default to None, so that a configuration file can fill them."""
    add_data_arguments(parser)
    parser.add_argument("--model", help=f"forecast: {', '.join(MODEL_NAMES)}; default: the bot's")
    parser.add_argument("--entry", help="weekday of the decision, 10:30 New York: mon (default) .. sun")
    parser.add_argument("--rule", help="every (default): each quoted strike's likelier side; bot: as the bot buys")
    parser.add_argument("--fill", help="taker (default): buy at the ask; mid: for comparison only")
    parser.add_argument("--count", help="contracts of each trade (default 1)")
    parser.add_argument("--config", type=Path, metavar="JSON", help="file with these options; the command line wins")


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the data and the place of the reports."""
    parser.add_argument("--start", metavar="YYYY-MM-DD", help="first day: weeks whose Sunday is on or after it")
    parser.add_argument("--end", metavar="YYYY-MM-DD", help="last day: weeks whose Sunday is on or before it")
    parser.add_argument("--interval", metavar="MINUTES", help="candles of 1, 60 or 1440 (default) minutes")
    parser.add_argument("--candles", metavar="FILE", help="CSV of candles instead of the fetched ones")
    parser.add_argument("--markets", metavar="FILE", help="CSV of markets with results; else the counts settle")
    parser.add_argument("--counts", metavar="FILE", help="CSV date,passengers instead of the local counts")
    parser.add_argument("--first-prints", metavar="FILE", help="CSV date,first_print: what was published first")
    parser.add_argument("--sample", action="store_true", default=None, help="run on made-up SAMPLE data")
    parser.add_argument("--out-dir", type=Path, metavar="DIR", help="write here; default: the report directory")


def read_options(args: argparse.Namespace, today: date) -> Options:
    """Return the options; today: New York. Raises ConfigError naming the option and the fix."""
    names = [f.name for f in fields(Options)]
    given = _config_file(args.config, names) if getattr(args, "config", None) else {}
    given |= {name: getattr(args, name) for name in names if getattr(args, name, None) is not None}
    options = Options(**{name: _parsed(name, value) for name, value in given.items() if value is not None})
    _check_period(options.start, options.end, options.interval)
    if options.end is not None and options.end > today:
        raise ConfigError(f"--end {options.end} is in the future: today, {today}, is the last day there can be")
    if options.markets and not options.candles:
        raise ConfigError("--markets needs --candles: without files both come from what was fetched")
    if options.first_prints and not options.counts:
        raise ConfigError("--first-prints needs --counts: without files both come from the local counts")
    if options.sample and (options.candles or options.counts):
        raise ConfigError("--sample and files exclude each other: leave one of them out")
    if options.count <= 0 or options.count != options.count.to_integral_value():
        raise ConfigError(f"--count {options.count} must be a whole number of contracts of at least 1")
    return options


def period_of(start: str, end: str, interval: str) -> tuple[date, date, int]:
    """Return the three parsed and checked, as `read_options` does it."""
    first, last, minutes = _parsed("start", start), _parsed("end", end), _parsed("interval", interval)
    _check_period(first, last, minutes)
    return first, last, minutes


def _check_period(start: date | None, end: date | None, interval: int) -> None:
    if start is None or end is None:
        raise ConfigError("--start and --end are needed: the first and last day for the week's Sunday")
    if start > end:
        raise ConfigError(f"--start {start} is after --end {end}: exchange the two")
    if interval not in INTERVALS:
        raise ConfigError(f"--interval {interval} is not known: use 1, 60 or 1440 minutes")


def _config_file(path: Path, names: list[str]) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {path} can not be read ({error.strerror or error})") from None
    except ValueError as error:
        raise ConfigError(f"--config {path} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ConfigError(f'--config {path} must hold one object, such as {{"start": "2026-01-01"}}')
    for key in found:
        if key not in (*names, *NOT_OPTIONS):
            near = difflib.get_close_matches(key, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
            raise ConfigError(f"--config {path}: unknown key {key!r}: {hint}")
    return {
        key: str(PROJECT_ROOT / value) if key in PATHS and value is not None else value
        for key, value in found.items()
        if key not in NOT_OPTIONS
    }


def _parsed(name: str, value: Any) -> Any:
    shown = f"--{name.replace('_', '-')} {value!r}"
    if name in ("start", "end"):
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise ConfigError(f"{shown} is not a date: write YYYY-MM-DD") from None
    if name == "interval":
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ConfigError(f"{shown} is not a number of minutes: use 1, 60 or 1440") from None
    if name == "count":
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise ConfigError(f"{shown} is not a number of contracts") from None
    if name == "sample":
        if not isinstance(value, bool):
            raise ConfigError(f"{shown} must be true or false")
        return value
    if name in PATHS:
        return Path(str(value)).expanduser()
    return str(value)


def _plain(value: object) -> object:
    return value if isinstance(value, int | bool) else str(value)
