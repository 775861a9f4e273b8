"""Simulate the TSA strategy on past weeks: decide with what was published, fill at the quotes, settle as paid.

Writes tsa_backtest_<timestamp>.csv, .md, .html, .json and .png. Without files it uses what fetch_tsa_history kept, else
the exchange; in paper mode on a machine that has neither it runs on made-up SAMPLE data and says so. --config
FILE repeats one fixed run, such as src/kalshi/configs/tsa_backtest_baseline.json.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.backtest_options import Options, add_arguments, read_options
from kalshi.config import PROJECT_ROOT
from kalshi.runtime.clock import NEW_YORK
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    add_arguments(parser)


@job("backtest_tsa", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Run one backtest and write its reports."""
    options = read_options(run.args, run.started_at.astimezone(NEW_YORK).date())
    out = run.args.out_dir
    directory = writable_directory(out, "report directory", "--out-dir") if out else run.report_dir
    simulate(run, options, directory)


def simulate(run: Run, options: Options, directory: Path) -> None:
    """Find the data, simulate every rule on them, write and print the reports."""
    from kalshi.backtest_inputs import find_inputs
    from kalshi.backtest_output import report_files
    from kalshi.research import backtest_report, provenance
    from kalshi.tsa.backtest import RULES, Memory, Settings, run_backtest
    from kalshi.tsa.decide import Rules
    from kalshi.tsa.models import DEFAULT_MODEL

    rules = Rules(count=options.count)
    settings = Settings(options.model or DEFAULT_MODEL, options.entry, options.rule, options.fill, rules)
    inputs = find_inputs(run, options)
    memory: Memory = {}
    results = {
        rule: run_backtest(inputs.events, inputs.vintages, replace(settings, rule=rule), memory=memory)
        for rule in RULES
    }
    made = provenance.provenance(
        command=provenance.command_line("kalshi.backtest_tsa", vars(run.args)),
        root=PROJECT_ROOT,
        inputs=inputs.files,
        generated_at=run.started_at,
        parameters={**options.parameters(), "model": settings.model, "source": inputs.source},
    )
    with provenance.reserved_stem(directory, "tsa_backtest_", run.started_at) as stem:
        summary, files = report_files(stem, options, settings, inputs, results, made)
        for name, content in files.items():
            write_atomically(directory / name, content)
    for mark in summary.marks:
        run.report.mark(mark)
    for note in inputs.notes:
        run.report.add_line(note)
    run.report.add_line(backtest_report.headline(summary))
    run.report.add_line("; ".join(f"{number} {step}" for step, number in summary.funnel))
    for line in backtest_report.score_lines(summary):
        run.report.add_line(line)
    for name in files:
        run.report.add_line(f"Written: {directory / name}")


if __name__ == "__main__":
    raise SystemExit(main())
