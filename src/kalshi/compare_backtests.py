"""Compare two backtests: canonical KPIs with absolute and percent deltas, and the difference by week.

Prints the comparison and writes it to --out as Markdown, with a page (.html) beside it. Exit code 2: no such file;
3: a file without columns or trades.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.errors import ConfigError
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    parser.add_argument("--baseline", type=Path, required=True, metavar="FILE", help="CSV to compare with")
    parser.add_argument("--candidate", type=Path, required=True, metavar="FILE", help="CSV to judge")
    parser.add_argument("--out", type=Path, metavar="FILE", help="Markdown file to write")


@job("compare_backtests", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Compare two CSV files."""
    from kalshi.research.compare import KPI_HEADERS, compare_metrics, comparison_markdown, kpi_rows, pair, pairing_lines
    from kalshi.research.comparison_page import comparison_page
    from kalshi.research.metrics import key_metrics, verdict
    from kalshi.research.page import render
    from kalshi.research.provenance import sha256_of
    from kalshi.research.sanity import as_written
    from kalshi.research.trades import complete_trades

    args = run.args
    if args.out and args.out.is_dir():
        raise ConfigError(f"{args.out} is a directory: give --out a file name, such as comparison.md")
    sides = {
        name: complete_trades(path)
        for name, path in (("baseline", args.baseline), ("candidate", args.candidate))
    }
    if args.out:
        writable_directory(args.out.parent, "directory of the comparison", "--out")
    origin = []
    for name, trades in sides.items():
        origin.append((name, f"`{trades.source}` (SHA-256 `{sha256_of(Path(trades.source))[:12]}…`)"))
        origin.append((f"{name} says", verdict(trades)))
        origin += [(f"{name}: do not believe it", str(p)) for p in as_written(Path(trades.source), trades).problems]
    deltas = compare_metrics(key_metrics(sides["baseline"]), key_metrics(sides["candidate"]))
    pairing = pair(sides["baseline"], sides["candidate"])
    if pairing.is_sample:
        run.report.mark("SAMPLE")
    if pairing.at_mid:
        run.report.mark("MID FILLS")
    for label, words in origin:
        run.report.add_line(f"{label}: {words.replace('`', '')}")
    run.report.add_table("KPIs", KPI_HEADERS, kpi_rows(deltas))
    for line in pairing_lines(pairing):
        run.report.add_line(line)
    if args.out:
        page = comparison_page(sides["baseline"], sides["candidate"], origin, deltas, pairing)
        write_atomically(args.out, comparison_markdown(origin, deltas, pairing))
        write_atomically(args.out.with_suffix(".html"), render(page))
        run.report.add_line(f"Written to {args.out}, and as a page to {args.out.with_suffix('.html')}")


if __name__ == "__main__":
    raise SystemExit(main())
