"""Simulate seasons of index days, at fair prices and with a stated bias, and say what each rule would have made.

SIMULATED: nothing here is a price of Kalshi. Writes index_season_<timestamp>.md, .csv, .json and .png. The same
seed gives the same days; a longer season begins like a shorter one. Method, and the table this is held against:
reference/index_simulation.md.
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
from kalshi.errors import ConfigError
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.registry import CRONTAB
from kalshi.runtime.run import Run

MOST_DAYS = 1_000_000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    add = parser.add_argument
    add("--days", type=int, default=1000, help="simulated days (default 1000, about half a minute)")
    add("--seed", type=int, default=7, help="chance; the same seed gives the same days (default 7)")
    add("--longshot-bias", type=float, default=0.034, metavar="SLOPE",
        help="how far cheap YES is too dear in the second table: slope x (1/2 - p), at most p (default 0.034)")
    add("--overpriced", type=float, default=0.0, metavar="DOLLARS", help="added to every YES price there (default 0)")
    add("--step-seconds", type=int, default=15, help="seconds between two prices (default 15)")
    add("--rules", default="", metavar="A,B", help="only these rules; default all")
    add("--script-days", type=int, default=0, metavar="N",
        help="also let the scripts themselves trade the first N days, some seconds each (default 0)")
    add("--out", type=Path, metavar="DIR", help="write here; default the report directory")


@job("simulate_index", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Simulate, print the tables, write the files."""
    from kalshi.research import provenance
    from kalshi.season import season_report
    from kalshi.season.market import FAIR, Bias
    from kalshi.season.pictures import season_picture
    from kalshi.season.reference import agreement, checks
    from kalshi.season.rules import all_rules
    from kalshi.season.run import run_season

    args = run.args
    if not 1 <= args.days <= MOST_DAYS:
        raise ConfigError(f"--days {args.days} must lie between 1 and {MOST_DAYS}")
    if not 0 <= args.script_days <= args.days:
        raise ConfigError(f"--script-days {args.script_days} must lie between 0 and --days {args.days}")
    if args.seed < 0:
        raise ConfigError(f"--seed {args.seed} must be at least 0")
    rules = all_rules(CRONTAB, [key.strip() for key in args.rules.split(",") if key.strip()])
    bias = Bias(args.longshot_bias, args.overpriced)
    biases = [FAIR] if bias == FAIR else [FAIR, bias]
    out = writable_directory(args.out, "directory", "--out") if args.out else run.report_dir
    lines = run_season(
        rules, days=args.days, seed=args.seed, step_s=args.step_seconds, biases=biases, progress=run.log.info
    )
    made = provenance.provenance(
        command=provenance.command_line("kalshi.simulate_index", vars(args)),
        root=PROJECT_ROOT,
        inputs=[CRONTAB],
        generated_at=run.started_at,
        parameters={"days": args.days, "seed": args.seed, "step_seconds": args.step_seconds},
    )
    run.report.mark("SIMULATED")
    for name, found in season_report.worlds(lines):
        run.report.add_line(season_report.verdict(name, found))
        run.report.add_line(season_report.midday_note(found))
        rows = [season_report.row_of(line) for line in found]
        run.report.add_table(f"Cents a contract and day, {name}", season_report.HEADERS, rows)
    for line in (agreement(checks(lines)), *season_report.EXPLANATION):
        run.report.add_line(line)
    if args.script_days:
        _by_the_scripts(run)
    with provenance.reserved_stem(out, "index_season_", run.started_at) as stem:
        title = f"What a simulated day brings, seed {args.seed}"
        files: dict[str, str | bytes] = {
            f"{stem}.csv": season_report.csv_text(lines),
            f"{stem}.json": season_report.json_text(lines, made),
            f"{stem}.png": season_picture(lines, title=title),
            f"{stem}.md": season_report.markdown(lines, made, f"{stem}.png"),
        }
        for name, content in files.items():
            write_atomically(out / name, content)
    for name in files:
        run.report.add_line(f"Written: {out / name}")


def _by_the_scripts(run: Run) -> None:
    """Report what the scripts make of the first days, beside what the arrays make of them."""
    from kalshi import afternoon, midday, morning, sp_daily_every_10_minutes
    from kalshi.season.market import Session
    from kalshi.season.real import beside_the_arrays
    from kalshi.season.rules import PairRule, all_rules

    modules = (morning, midday, sp_daily_every_10_minutes, afternoon)
    scripts = {module.main.job.name: module.main.job for module in modules}
    rule = all_rules(CRONTAB, ["scripts_stay"])[0]
    assert isinstance(rule, PairRule)
    args = run.args
    line, rows = beside_the_arrays(Session(step_s=args.step_seconds), rule, scripts, args.seed, args.script_days)
    run.report.add_line(line)
    run.report.add_table("Days by the scripts themselves", ("day", "contracts", "scripts", "arrays"), rows)


if __name__ == "__main__":
    raise SystemExit(main())
