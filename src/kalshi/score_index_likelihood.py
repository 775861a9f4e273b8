"""Score the models of index moves against each other on history: log score, Brier score, calibration.

Every session from --from is valued as before_close would have, from the closes up to then, on a ladder as the
exchange lists one; the differences between models are paired session by session. Writes likelihood.md,
likelihood.json and likelihood.png into --out. Exit code 2: wrong use or no such file; 3: data that can not be
scored.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.config import PROJECT_ROOT
from kalshi.errors import ConfigError
from kalshi.index.history import NASDAQ100, SP500, DailyCloses, check_history, load_closes
from kalshi.index.history_cache import read_cache
from kalshi.index.sample import SAMPLE, sample_closes
from kalshi.pricing.likelihood_models import DEFAULT_MODEL, DEFAULT_START, MODELS
from kalshi.runtime.files import writable_directory
from kalshi.runtime.job import job
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.run import Run

SAMPLE_FIRST, SAMPLE_LAST = date(2019, 1, 2), date(2026, 3, 31)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    add, day = parser.add_argument, date.fromisoformat
    add("--history", type=Path, metavar="FILE", help="CSV date,close,open or the Parquet cache; default: SAMPLE")
    add("--symbol", choices=(SP500, NASDAQ100), default=SP500, help="whose width of ranges (^GSPC)")
    add("--out", type=Path, required=True, metavar="DIR", help="directory for the three files")
    add("--from", dest="first", type=day, default=date(2022, 1, 3), help="first session that decides (2022-01-03)")
    add("--to", dest="last", type=day, help="last one; default: the last of the file")
    add("--horizons", help="open (to close) and numbers of sessions; default open,1,3, without opens 1,3")
    add("--models", default=",".join(MODELS), help=f"of {', '.join(MODELS)}; default: all")
    add(
        "--starts", default=f"2020-01-02,{DEFAULT_START}",
        help=f"first sessions the models may look at (2020-01-02,{DEFAULT_START})",
    )


@job("score_index_likelihood", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Score the models and write table and picture."""
    from kalshi.index.likelihood_picture import likelihood_picture
    from kalshi.index.likelihood_score import Candidate, walk
    from kalshi.likelihood_output import gains_of, json_text, markdown, rows_of
    from kalshi.research import provenance

    args = run.args
    models = _names(args.models, MODELS, "--models")
    history = _history(args.history, args.symbol)
    opens = "" if history.last.open is None else "open,"
    horizons = _horizons(args.horizons or f"{opens}1,3")
    last = args.last or history.last.day
    candidates = [Candidate(model, start) for start in _starts(args.starts, history) for model in models]
    out = writable_directory(args.out, "directory", "--out")
    scores = [
        one
        for horizon in horizons
        for one in walk(history, candidates, horizon, args.first, last, progress=run.log.info)
    ]
    baseline = candidates[0].name
    gains = gains_of(scores, baseline)
    headers, rows = rows_of(scores, gains)
    title = f"{args.symbol} ladders deciding {scores[0].days[0]} to {scores[0].days[-1]}, {history.source}"
    names = {"first": "from", "last": "to"}
    made = provenance.provenance(
        command=provenance.command_line(
            "kalshi.score_index_likelihood", {names.get(name, name): value for name, value in vars(args).items()}
        ),
        root=PROJECT_ROOT,
        inputs=[args.history] if args.history else [],
        generated_at=run.started_at,
        parameters={"symbol": args.symbol, "baseline": baseline, "source": history.source},
    )
    subject = next((c.name for c in candidates if (c.model, c.start) == (DEFAULT_MODEL, DEFAULT_START)), baseline)
    mark = SAMPLE if history.source == SAMPLE else ""
    files: dict[str, str | bytes] = {
        "likelihood.json": json_text(made, headers, rows),
        "likelihood.png": likelihood_picture(
            scores, gains, baseline=baseline, subject=subject, title=title, mark=mark
        ),
        "likelihood.md": markdown(title, mark, headers, rows, made),
    }
    for name, content in files.items():
        write_atomically(out / name, content)
    if mark:
        run.report.mark(SAMPLE)
    run.report.add_line(title)
    run.report.add_line(f"Differences are to {baseline}, paired by session, 95 % by whole months; lower is better.")
    run.report.add_table("Models", headers, rows)
    for name in files:
        run.report.add_line(f"Written: {out / name}")


def _history(file: Path | None, symbol: str) -> DailyCloses:
    if file is None:
        days = MarketDays(SAMPLE_FIRST, SAMPLE_LAST).sessions(SAMPLE_FIRST, SAMPLE_LAST)
        return sample_closes(symbol, [session.day for session in days])
    if not file.is_file():
        raise ConfigError(f"--history {file}: there is no such file")
    read = read_cache(file, symbol) if file.suffix == ".parquet" else load_closes(file, symbol)
    first, last = min(read.days, default=date.max), read.last.day
    sessions = [session.day for session in MarketDays(first, last).sessions(first, last)]
    return check_history(read, sessions)


def _names(text: str, known: tuple[str, ...], option: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ConfigError(f"{option}: {wrong[0]!r} is not one of {', '.join(known)}")
    return names


def _horizons(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name != "open" and not (name.isdecimal() and 1 <= int(name) <= 20):
            raise ConfigError(f"--horizons: {name!r} is neither open nor a number of sessions from 1 to 20")
    return names


def _starts(text: str, history: DailyCloses) -> list[date]:
    try:
        wanted = [date.fromisoformat(day.strip()) for day in text.split(",")]
    except ValueError:
        raise ConfigError(f"--starts: {text!r} is no list of days such as 2020-01-02,1990-01-02") from None
    late = [day for day in wanted if day > history.last.day]
    if late:
        raise ConfigError(f"--starts: {late[0]} lies after the last session of the history, {history.last.day}")
    return wanted


if __name__ == "__main__":
    raise SystemExit(main())
