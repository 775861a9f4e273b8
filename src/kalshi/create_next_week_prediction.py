"""Forecast the daily average of a TSA week: the week now traded, or the one given with --week."""

from __future__ import annotations

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

import argparse
from collections.abc import Sequence
from datetime import date

from kalshi.errors import ConfigError, DataError
from kalshi.runtime.clock import utc_now
from kalshi.runtime.job import job
from kalshi.runtime.report import Report
from kalshi.runtime.run import Run
from kalshi.tsa.fetch import fetch_counts
from kalshi.tsa.known import Known
from kalshi.tsa.models import DEFAULT_MODEL, MODELS, WeekForecast, forecast, model_named
from kalshi.tsa.walk_forward import STRIKES
from kalshi.tsa.weeks import event_ticker, tradable_week, week_days, week_sunday_of

QUANTILES = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
BESIDE = (DEFAULT_MODEL, "yoy_hol", "earlier_fixed", "earlier")  # listed beside the one that was asked for


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--week", metavar="YYYY-MM-DD", help="any day of it; default: the week now traded")
    parser.add_argument("--model", default=DEFAULT_MODEL, help=f"one of {', '.join(MODELS)}")
    parser.add_argument("--all-models", action="store_true", help="list every registered model, which takes longer")
    parser.add_argument("--strikes", metavar="N,N", help="in passengers; default 1,800,000 to 2,800,000")


@job("create_next_week_prediction", arguments=_arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Report the forecast, its spread, and the probability of every strike."""
    model_named(run.args.model)
    sunday = _week(run.args.week) if run.args.week else tradable_week(run.now)
    strikes = _strikes(run.args.strikes) if run.args.strikes else list(STRIKES)
    result = fetch_counts(run.config, None, as_of=run.simulated_now, clock=utc_now, offline=run.offline)
    if result.source == "SAMPLE":
        run.report.mark("SAMPLE")
    run.report.add_line(f"Counts from {result.source}; {'; '.join(result.notes) or 'fresh'}.")
    if result.stale:
        run.report.add_line(f"Do not trade on this: {result.stale}.")
    week = forecast(result.known, sunday, run.args.model)
    _describe(run.report, week, result.known)
    shown = MODELS if run.args.all_models else dict.fromkeys([*BESIDE, run.args.model])
    _add_models(run.report, result.known, sunday, list(shown))
    rows = [(f"{q:.1%}", f"{week.quantile(q):,.0f}") for q in QUANTILES]
    run.report.add_table("Distribution", ("at or below", "passengers"), rows)
    probs = week.probs_above(strikes)
    run.report.add_table(
        "Probability of YES: the average is strictly above the strike",
        ("strike", "P(YES)", "P(NO)"),
        [(f"{k:,}", f"{p:.1%}", f"{1 - p:.1%}") for k, p in zip(strikes, probs.tolist(), strict=True)],
    )


def _describe(report: Report, week: WeekForecast, known: Known) -> None:
    report.add_line(
        f"{event_ticker(week.week_sunday)}: model {week.model} expects {week.mean:,.0f} passengers a day "
        f"(sd {week.sd:,.0f}) in the week ending {week.week_sunday}; {week.known_days} of 7 days are "
        f"published, the newest count is of {week.newest_day}; spread from {week.error_weeks} earlier weeks."
    )
    if week.days:
        rows = [
            (day, f"{day:%a}", f"{value:,.0f}", "published" if known.value(day) is not None else "forecast")
            for day, value in zip(week_days(week.week_sunday), week.days, strict=True)
        ]
        report.add_table("Days", ("day", "", "passengers", ""), rows)


def _add_models(report: Report, known: Known, sunday: date, names: Sequence[str]) -> None:
    """Append what several registered models say about the week, the baselines among them."""
    rows: list[tuple[object, ...]] = []
    for name in names:
        try:
            week = forecast(known, sunday, name)
        except DataError as error:
            rows.append((name, None, None, None, str(error)))
        else:
            band = (f"{week.quantile(q):,.0f}" for q in (0.1, 0.9))
            rows.append((name, f"{week.mean:,.0f}", *band, "default" if name == DEFAULT_MODEL else ""))
    report.add_table("Models", ("model", "mean", "10 %", "90 %", ""), rows)


def _week(text: str) -> date:
    try:
        return week_sunday_of(date.fromisoformat(text))
    except ValueError:
        raise ConfigError(f"--week {text!r} is no date: write it as 2026-05-10") from None


def _strikes(text: str) -> list[int]:
    try:
        strikes = sorted({int(part) for part in text.replace("_", "").split(",")})
    except ValueError:
        raise ConfigError(f"--strikes {text!r}: write whole passengers, such as 2300000,2350000") from None
    if strikes[0] <= 0:
        raise ConfigError(f"--strikes {text!r}: a strike is a positive number of passengers")
    return strikes


if __name__ == "__main__":
    raise SystemExit(main())
