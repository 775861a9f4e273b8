"""Try thousands of plans on past weeks, choose by earlier weeks only, and say what is left of the best.

Writes tsa_sweep_<timestamp>.csv, .parquet, .md, .json and .png. Simulated like backtest_tsa, but through limit
orders under a named fill policy. Runs on this machine's cores, or with --scheduler on a Dask cluster. A killed
sweep goes on where it was. Exit code 2: arguments, or no scheduler there; 3: data that can not be simulated.
"""

from __future__ import annotations

import argparse
import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.backtest_options import read_options
from kalshi.config import PROJECT_ROOT
from kalshi.runtime.clock import NEW_YORK
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.run import Run

CHUNKS = "tsa_sweep_chunks"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    from kalshi.sweep_options import add_arguments

    add_arguments(parser)


@job("sweep", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Run one sweep and write its reports."""
    from kalshi.sweep_options import read_grid

    options = read_options(run.args, run.started_at.astimezone(NEW_YORK).date())
    grid = read_grid(run.args)
    out = run.args.out_dir
    directory = writable_directory(out, "report directory", "--out-dir") if out else run.report_dir

    from kalshi.backtest_inputs import find_inputs
    from kalshi.research import provenance
    from kalshi.sweep_output import prepare, report_files
    from kalshi.tsa.sweep_run import cores, run_sweep

    inputs = find_inputs(run, options)
    prepared = prepare(inputs, grid, run.log.info)
    swept = run_sweep(
        prepared.tape,
        grid,
        directory / CHUNKS,
        workers=run.args.workers or cores(),
        scheduler=run.args.scheduler,
        progress=lambda done, total: run.log.info("%d of %d chunks of %d plans", done, total, grid.size),
    )
    made = provenance.provenance(
        command=provenance.command_line("kalshi.sweep", vars(run.args)),
        root=PROJECT_ROOT,
        inputs=inputs.files,
        generated_at=run.started_at,
        parameters={**grid.as_json(), "start": str(options.start), "end": str(options.end), "source": inputs.source},
    )
    with provenance.reserved_stem(directory, "tsa_sweep_", run.started_at) as stem:
        findings, files = report_files(stem, run.args, inputs, grid, prepared, swept, made)
        for name, content in files.items():
            write_atomically(directory / name, content)
    if inputs.is_sample:
        run.report.mark("SAMPLE")
    for note in inputs.notes:
        run.report.add_line(note)
    run.report.add_line(findings.verdict)
    if swept.resumed:
        run.report.add_line(f"{swept.resumed} of {swept.chunks} chunks were there from an earlier run")
    for name in files:
        run.report.add_line(f"Written: {directory / name}")


if __name__ == "__main__":
    raise SystemExit(main())
