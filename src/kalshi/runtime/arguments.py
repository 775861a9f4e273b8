"""Arguments every script has; a script adds its own to the same parser."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from kalshi.config import MODES
from kalshi.errors import EXIT_CONFIG

AddArguments = Callable[[argparse.ArgumentParser], object]

EXIT_CODES = (
    "exit codes: 0 done or nothing to do today, 1 crashed, 2 configuration or arguments, 3 known error,\n"
    "4 already running, 5 stopped by switch, 6 an order's outcome is unknown, 130/143 interrupted"
)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaint is one line, so that a cron mail shows the fix and not the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is, and exit with the code for configuration."""
        self.exit(EXIT_CONFIG, f"{self.prog}: error: {message}: see {self.prog} --help\n")


def build_parser(name: str, description: str, arguments: AddArguments | None = None) -> argparse.ArgumentParser:
    """Return the parser of job *name*: its own *arguments* first, then the common ones."""
    parser = OneLineParser(
        prog=name,
        description=description,
        epilog=EXIT_CODES,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if arguments is not None:
        arguments(parser)
    common = parser.add_argument_group("common to every script")
    common.add_argument("--mode", choices=MODES, help="exchange to talk to; default KALSHI_MODE, else DEMO_MODE")
    common.add_argument("--dry-run", action="store_true", help="decide and report, but send no order anywhere")
    common.add_argument(
        "--date",
        metavar="YYYY-MM-DD[THH:MM]",
        help="decide as of this New York time (no time: 10:30); orders go to the paper exchange only, "
        "where what closed stays closed: to go back behind an earlier run, use another --data-dir",
    )
    common.add_argument("--offline", action="store_true", help="use no network: caches, sample data, paper exchange")
    common.add_argument("--time-limit", type=_minutes, default=15.0, metavar="MINUTES",
                        help="end a trading run that takes longer (exit code 3); default 15")
    common.add_argument("--json-log", action="store_true", help="log JSON lines instead of text")
    common.add_argument("--no-email", action="store_true", help="neither send nor print the summary e-mail")
    common.add_argument(
        "--data-dir", type=directory, metavar="DIR", help="caches and databases; default KALSHI_DATA_DIR"
    )
    common.add_argument("--report-dir", type=directory, metavar="DIR", help="reports; default KALSHI_REPORT_DIR")
    return parser


def directory(text: str) -> Path:
    """Return *text* as an absolute path, for argparse."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a directory")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"{text!r}: there is no such user") from None


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 1440:
        raise argparse.ArgumentTypeError("expected minutes, above 0 and at most 1440")
    return minutes
