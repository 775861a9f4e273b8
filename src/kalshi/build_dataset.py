"""Write past events as a point-in-time dataset: one row per event, as-of time and strike, as Parquet.

FILE.parquet holds what was known at each `as_of` (features, quotes, what each model said) and, in columns of their
own (`fill_*`, `result`, ...), what came later; FILE.json beside it says what it was made from: checksums, code
version, parameters, exclusions with counts. Read it with `kalshi.tsa.dataset_file.read_dataset(path)`. Without files
it uses what fetch_tsa_history kept; --sample makes SAMPLE data. Exit code 2: wrong use; 3: data that can not be used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import time
from pathlib import Path

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.backtest_inputs import find_inputs
from kalshi.backtest_options import Options, period_of
from kalshi.config import PROJECT_ROOT
from kalshi.errors import ConfigError
from kalshi.evaluate_options import read_models
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.run import Run

FILES = ("candles", "markets", "counts", "first_prints")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    parser.add_argument("--start", required=True, metavar="YYYY-MM-DD", help="first day for the week's Sunday")
    parser.add_argument("--end", required=True, metavar="YYYY-MM-DD", help="last day for it")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.parquet")
    parser.add_argument("--candles", type=Path, metavar="FILE", help="CSV of candles instead of the fetched ones")
    parser.add_argument("--markets", type=Path, metavar="FILE", help="CSV of markets with results; else counts settle")
    parser.add_argument("--counts", type=Path, metavar="FILE", help="CSV date,passengers instead of the local counts")
    parser.add_argument("--first-prints", type=Path, metavar="FILE", help="CSV date,first_print")
    parser.add_argument("--interval", default="1440", metavar="MINUTES", help="of a candle: 1, 60 or 1440 (default)")
    parser.add_argument("--models", metavar="A,B", help="names of models; default: all")
    parser.add_argument("--times", default="10:30", metavar="HH:MM,...", help="of every day, New York; default 10:30")
    parser.add_argument("--with-market", action="store_true", help="add each model mixed with the market's price")
    parser.add_argument("--sample", action="store_true", help="made-up SAMPLE data")


@job("build_dataset", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Build the dataset and write it with its origin."""
    from kalshi.research import provenance
    from kalshi.tsa.dataset import build_dataset
    from kalshi.tsa.dataset_file import dataset_bytes, summary_of

    args = run.args
    out: Path = args.out
    if out.suffix != ".parquet":
        raise ConfigError(f"--out {out} must end in .parquet")
    models, times = read_models(args.models), read_times(args.times)
    inputs = find_inputs(run, _options(args))
    writable_directory(out.parent, "directory", "--out")
    made = build_dataset(
        inputs.events, inputs.vintages, models, times=times, with_market=args.with_market, progress=run.log.info
    )
    about = {
        **provenance.provenance(
            command=provenance.command_line("kalshi.build_dataset", {k: v for k, v in vars(args).items() if v}),
            root=PROJECT_ROOT,
            inputs=inputs.files,
            generated_at=run.started_at,
            parameters={"start": args.start, "end": args.end, "models": models,
                        "times": [f"{at:%H:%M}" for at in times], "interval": int(args.interval),
                        "with_market": args.with_market},
        ),
        "source": inputs.source,
        **summary_of(made),
    }
    inside = {name: value for name, value in about.items() if name not in ("generated_at", "command")}
    content = dataset_bytes(made, inside)  # the same inputs and code make the same bytes
    about["dataset"] = {"path": str(out), "sha256": provenance.sha256_of_content(content)}
    write_atomically(out, content)
    write_atomically(out.with_suffix(".json"), json.dumps(about, indent=1) + "\n")
    if inputs.is_sample:
        run.report.mark("SAMPLE")
    for note in inputs.notes:
        run.report.add_line(note)
    run.report.add_line(
        f"{about['rows']} rows of {about['events']} events, weeks ending {about['first_week']} to "
        f"{about['last_week']}, {len(models)} models"
    )
    left: dict[str, int] = {}
    for one in about["excluded"]:
        left[one["reason"]] = left.get(one["reason"], 0) + one["rows"]
    rows = [*((reason, count, "no row") for reason, count in left.items()),
            *((reason, count, "empty cell") for reason, count in about["empty_cells"].items())]
    if rows:
        run.report.add_table("Not there", ("reason", "rows", ""), rows)
    for path in (out, out.with_suffix(".json")):
        run.report.add_line(f"Written: {path}")


def _options(args: argparse.Namespace) -> Options:
    start, end, interval = period_of(args.start, args.end, args.interval)
    if args.sample and any(getattr(args, name) for name in FILES):
        raise ConfigError("--sample and files exclude each other: leave one of them out")
    if args.markets and not args.candles:
        raise ConfigError("--markets needs --candles: without files both come from what was fetched")
    if args.first_prints and not args.counts:
        raise ConfigError("--first-prints needs --counts: without files both come from the local counts")
    return Options(start=start, end=end, interval=interval, sample=args.sample,
                   **{name: getattr(args, name) for name in FILES})


def read_times(text: str) -> list[time]:
    """Return the New York wall-clock times of `HH:MM,...`; ConfigError for anything else."""
    try:
        found = sorted({time.fromisoformat(part.strip()) for part in text.split(",")})
    except ValueError:
        raise ConfigError(f"--times {text!r}: write HH:MM,..., such as 10:30,16:00") from None
    if any(at.tzinfo is not None for at in found):
        raise ConfigError(f"--times {text!r}: write New York wall-clock times without a zone")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
