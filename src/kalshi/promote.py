"""Promote a forecast model: run the check list on data, and write it into the registry only where it passes.

Level `forecast` needs calibration, no look-ahead and a better CRPS than the baseline; `edge` also the market's own
price beaten out of sample, and a profit after costs; `unproven` needs nothing and records what fails. Exit code
1: refused, with the failing items; 2: wrong use; 3: data that can not be scored. --dry-run writes nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.config import PROJECT_ROOT
from kalshi.errors import ConfigError
from kalshi.evaluate_options import add_period_arguments, read_counts, read_period
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.run import Run

REFUSED = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    add_period_arguments(parser)
    parser.add_argument("--model", required=True, help="the model to promote")
    parser.add_argument(
        "--level", default="forecast", help="forecast (default), edge, or unproven: in use, failures recorded"
    )
    parser.add_argument("--candles", type=Path, metavar="FILE", help="CSV of candles, for the market and the costs")
    parser.add_argument("--markets", type=Path, metavar="FILE", help="CSV of their markets with results")
    parser.add_argument("--every", type=int, default=8, metavar="N", help="look-ahead in every N-th week; default 8")
    parser.add_argument("--registry", type=Path, metavar="FILE", help="another registry than the installed one")


@job("promote", arguments=arguments, needs_exchange=False)
def main(run: Run) -> int:
    """Check one model and write it into the registry."""
    from kalshi.promote_checks import edge_items, forecast_items
    from kalshi.research import provenance
    from kalshi.tsa.model_registry import LEVELS, REGISTRY, UNPROVEN, CheckItem, failing, promote, read_registry
    from kalshi.tsa.models import model_named
    from kalshi.tsa.quotes import read_history
    from kalshi.tsa.sample_counts import is_made_up

    args = run.args
    model_named(args.model)
    if args.level not in (*LEVELS, UNPROVEN):
        raise ConfigError(f"--level {args.level!r} is unknown: use {', '.join(LEVELS)} or {UNPROVEN}")
    if args.every < 1:
        raise ConfigError(f"--every {args.every} must be a whole number of weeks of at least 1")
    if bool(args.candles) != bool(args.markets):
        raise ConfigError("--candles and --markets belong together: give both, or none")
    path = args.registry or REGISTRY
    read_registry(path)
    if not args.dry_run:
        writable_directory(path.parent, "directory of the registry", "--registry")
    vintages, notes = read_counts(args)
    first, last = read_period(args, vintages)
    items, kpis = forecast_items(vintages, args.model, first=first, last=last, every=args.every, progress=run.log.info)
    if args.candles:
        events = read_history(args.candles, args.markets, start=first, end=last)
        more, found = edge_items(events, vintages, args.model)
        items, kpis = [*items, *more], {**kpis, **found}
    else:
        missing = "no quotes were given: --candles and --markets"
        items += [CheckItem(name, "edge", False, missing) for name in ("out of sample against the market", "costs")]
    items.append(CheckItem("real data", "forecast", not is_made_up(vintages), "the counts are not the SAMPLE"))
    for note in notes:
        run.report.add_line(note)
    run.report.add_table(
        f"Check list of {args.model} for level {args.level}",
        ("item", "needed for", "result", "found"),
        [(item.name, item.needed_for, "pass" if item.passed else "FAIL", item.detail) for item in items],
    )
    wrong = failing(items, args.level)
    if wrong:
        run.report.add_line(
            f"REFUSED: {args.model} fails {', '.join(item.name for item in wrong)}; nothing was changed."
        )
        return REFUSED
    if args.dry_run:
        run.report.add_line(f"Dry run: {args.model} would be promoted at level {args.level}; nothing was changed.")
        return 0
    files = [one for one in (args.counts, args.first_prints, args.candles, args.markets) if one]
    made = provenance.provenance(
        command=f"python3 -m kalshi.promote --model {args.model} --level {args.level}", root=PROJECT_ROOT,
        inputs=files, generated_at=run.started_at, parameters={"from": str(first), "to": str(last)},
    )  # fmt: skip
    evidence = {
        "promoted_at": made["generated_at"],
        "weeks": made["parameters"],
        "datasets": [{"name": Path(one["path"]).name, "sha256": one["sha256"]} for one in made["inputs"]],
        "git_commit": made["git_commit"],
        "versions": made["versions"],
        "kpis": kpis,
    }
    promote(path, args.model, args.level, items, evidence)
    run.report.add_line(f"Promoted: {args.model} is in use at level {args.level}, by {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
