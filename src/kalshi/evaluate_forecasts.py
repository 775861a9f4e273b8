"""Score the forecasts on any file of counts, week by week, each from what was known at that moment.

Writes into --out forecasts.csv (every forecast with quantiles and probabilities), scores.csv (what came of it),
evaluation.md, evaluation.json, evaluation.html and evaluation.png. --ladder FILE also scores against the results of
the exchange's markets. Exit code 2: wrong use or a file that is not there; 3: data that can not be scored.
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
from kalshi.config import PROJECT_ROOT
from kalshi.evaluate_options import add_period_arguments, read_counts, read_ladder, read_models, read_period
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.run import Run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    add_period_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory for the files")
    parser.add_argument("--ladder", type=Path, metavar="FILE", help="CSV of the exchange's markets: ticker,result,...")


@job("evaluate_forecasts", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Evaluate models on one file of counts and write the report."""
    from kalshi.evaluate_output import excluded_summary, forecasts_csv, json_text, markdown, scores_csv, tables
    from kalshi.evaluate_page import evaluation_page
    from kalshi.research import provenance
    from kalshi.research.page import render
    from kalshi.tsa.evaluation import evaluate, scores
    from kalshi.tsa.evaluation_picture import evaluation_picture
    from kalshi.tsa.models import DEFAULT_MODEL
    from kalshi.tsa.sample_counts import is_made_up

    args = run.args
    models = read_models(args.models)
    vintages, notes = read_counts(args)
    first, last = read_period(args, vintages)
    ladder = read_ladder(args.ladder, first, last) if args.ladder else []
    out = writable_directory(args.out, "directory", "--out")
    done = evaluate(
        vintages, models, first=first, last=last, strikes={one.strike for one in ladder}, progress=run.log.info
    )
    subject = DEFAULT_MODEL if DEFAULT_MODEL in models else models[0]
    names = {"first": "from", "last": "to"}
    options = {names.get(name, name): value for name, value in vars(args).items()}
    made = provenance.provenance(
        command=provenance.command_line("kalshi.evaluate_forecasts", options),
        root=PROJECT_ROOT,
        inputs=[path for path in (args.counts, args.first_prints, args.ladder) if path],
        generated_at=run.started_at,
        parameters={"from": str(first), "to": str(last), "models": models, "subject": subject},
    )
    marks = ["SAMPLE"] if is_made_up(vintages) else []
    found = tables(done, ladder, made, notes)
    title = f"TSA weekly mean, forecasts of the weeks ending {done.weeks[0]} to {done.weeks[-1]}"
    files: dict[str, str | bytes] = {
        "forecasts.csv": forecasts_csv(done),
        "scores.csv": scores_csv(done),
        "evaluation.json": json_text(found),
        "evaluation.png": evaluation_picture(done, subject=subject, title=title),
        "evaluation.md": markdown(found, subject, "evaluation.png"),
        "evaluation.html": render(evaluation_page(found, subject, marks)),
    }
    for name, content in files.items():
        write_atomically(out / name, content)
    for mark in marks:
        run.report.mark(mark)
    for line in [*notes, *excluded_summary(done)]:
        run.report.add_line(line)
    shown = [name for name in ("D-7 Thu", "k0", "k2", "k4") if name in found["horizons"]]
    run.report.add_table(
        f"MAPE, % of {len(done.weeks)} weeks ending {done.weeks[0]} to {done.weeks[-1]}",
        ["model", *shown],
        [[model, *(f"{scores(done.of(model, name))['mape']:.2f}" for name in shown)] for model in models],
    )
    for name in files:
        run.report.add_line(f"Written: {out / name}")


if __name__ == "__main__":
    raise SystemExit(main())
