"""Check a backtest's CSV: invariants, calibration, drawdown, stated against real edge, and what it proves.

Reads any CSV with the columns market,date,side,prob,fill_price,outcome,pnl,brier,logloss,edge and writes
tsa_backtest_sanity_<timestamp>.md and .json. Exit code 0: all invariants hold; 1: some do not (the list is
printed, the report is written all the same); 2: no such file; 3: not a CSV, empty, or no trades in it.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

import json

from kalshi.atomic import write_atomically
from kalshi.config import PROJECT_ROOT
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.run import Run

BROKEN = 1
EXIT_CODES = (
    "exit codes: 0 all invariants hold, 1 some do not (or the program crashed), 2 configuration or arguments,\n"
    "3 not a backtest's CSV, 130/143 interrupted"
)
PREFIX = "tsa_backtest_"
SANITY = "tsa_backtest_sanity_"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    parser.epilog = EXIT_CODES
    parser.add_argument("--csv", type=Path, required=True, metavar="FILE", help="CSV of a backtest")
    parser.add_argument("--metadata-json", type=Path, metavar="FILE", help="write the metadata here instead")
    parser.add_argument(
        "--out-dir", type=Path, metavar="DIR", help="write here; default: the report directory"
    )


@job("analyze_backtest_sanity", arguments=arguments, needs_exchange=False)
def main(run: Run) -> int:
    """Check one CSV and write the report."""
    from kalshi.research import provenance
    from kalshi.research.sanity import as_written, broken, run_checks, shown
    from kalshi.research.sanity_market import warnings
    from kalshi.research.sanity_report import judgeable, marks, sanity_markdown, sanity_metadata
    from kalshi.research.trades import read_trades

    args = run.args
    trades = read_trades(args.csv)
    directory = (
        writable_directory(args.out_dir, "report directory", "--out-dir") if args.out_dir else run.report_dir
    )
    if args.metadata_json:
        writable_directory(args.metadata_json.parent, "directory of the metadata", "--metadata-json")
    checks = [*run_checks(trades), as_written(args.csv, trades)]
    made = provenance.provenance(
        command=provenance.command_line("kalshi.analyze_backtest_sanity", vars(args)),
        root=PROJECT_ROOT,
        inputs=[args.csv],
        generated_at=run.started_at,
        parameters={"csv": str(args.csv)},
    )
    metadata = sanity_metadata(trades, checks, made)
    origin = [
        ("file", f"`{args.csv}`"),
        ("SHA-256", f"`{made['inputs'][0]['sha256']}`"),
        ("trades", str(len(trades))),
        ("code", made["git_commit"] or "not a git repository"),
        ("made", made["generated_at"]),
    ]
    with _stem(args.csv, directory, run) as stem:
        report_path = directory / f"{stem}.md"
        metadata_path = args.metadata_json or directory / f"{stem}.json"
        write_atomically(report_path, sanity_markdown(trades, checks, origin))
        write_atomically(metadata_path, json.dumps(metadata, indent=2) + "\n")
    for mark in marks(trades):
        run.report.mark(mark)
    for check in checks:
        for line in shown(check.problems) if not check.warns else ():
            run.report.add_line(f"BROKEN {line}")
    for problem in warnings(checks):
        run.report.add_line(f"WARNING {problem}")
    wrong = broken(checks)
    run.report.add_line(f"{len(checks)} checks of {len(trades)} trades, broken invariants: {len(wrong)}")
    if judgeable(trades):
        run.report.add_line(metadata["verdict"])
    run.report.add_line(f"Report: {report_path}")
    run.report.add_line(f"Metadata: {metadata_path}")
    return BROKEN if wrong else 0


def _stem(csv: Path, directory: Path, run: Run) -> AbstractContextManager[str]:
    """Return the report's name: the timestamp of the CSV where its name has one, else of this run."""
    from kalshi.research.provenance import reserved_stem

    name = csv.stem
    if name.startswith(PREFIX) and not name.startswith(SANITY) and name[len(PREFIX) :][:1].isdigit():
        return nullcontext(SANITY + name[len(PREFIX) :])
    return reserved_stem(directory, SANITY, run.started_at)


if __name__ == "__main__":
    raise SystemExit(main())
