"""What an evaluation writes: every forecast as CSV, tables as Markdown and JSON, one picture; one set of numbers."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any

from kalshi.research.markdown import number, table
from kalshi.tsa.evaluation import (
    BASELINES,
    QUANTILES,
    Evaluation,
    LadderMarket,
    Row,
    difference,
    ladder_scores,
    pit_histogram,
    scores,
)
from kalshi.tsa.walk_forward import HORIZONS, STRIKES

COLUMNS = (
    "week_sunday", "as_of", "known_days", "model", "mean", "sd",
    *(f"q{1000 * q:03.0f}" if 1000 * q % 10 else f"q{100 * q:02.0f}" for q in QUANTILES),
)  # of forecasts.csv, then one p_<strike> a strike
SCORE_COLUMNS = (
    "week_sunday", "as_of", "horizon", "known_days", "model", "mean", "actual", "error_pct", "crps", "brier",
    "brier_near", "pit",
)
# score: (heading, divide by, digits)
SHOWN = {
    "mape": ("MAPE, %", 1, 2),
    "rmse": ("RMSE, thousands", 1000, 1),
    "bias": ("Bias, % (forecast above actual: +)", 1, 2),
    "crps": ("CRPS, thousands", 1000, 1),
    "brier": (f"Brier score, {len(STRIKES)} strikes {STRIKES[0] / 1e6:.2f} to {STRIKES[-1] / 1e6:.2f} million", 1, 4),
    "brier_near": ("Brier score over the four strikes nearest to the forecast", 1, 4),
}
BY_YEAR = ("mape", "crps", "brier", "bias")
PAIRED = {
    "mape": ("MAPE, points of percent", 1, 2),
    "crps": ("CRPS, thousands", 1000, 2),
    "brier": ("Brier score", 1, 4),
}


def forecasts_csv(done: Evaluation) -> str:
    """Return the CSV of all forecasts, one row each, without anything that was known later.

    reference/tsa.md says what the columns mean.
    """
    return _csv([*COLUMNS, *(f"p_{strike}" for strike in done.strikes)], (
        [row.week_sunday, _stamp(row), row.known_days, row.model, f"{row.mean:.1f}", f"{row.sd:.1f}",
         *(f"{value:.1f}" for value in row.quantiles), *(f"{prob:.6f}" for prob in row.probs)]
        for row in done.rows
    ))


def scores_csv(done: Evaluation) -> str:
    """Return the CSV of what came of each forecast, in the order of `forecasts_csv`."""
    return _csv(SCORE_COLUMNS, (
        [row.week_sunday, _stamp(row), row.horizon, row.known_days, row.model, f"{row.mean:.1f}", f"{row.actual:.3f}",
         f"{100 * row.error:.4f}", f"{row.crps:.1f}", f"{row.brier:.6f}", f"{row.brier_near:.6f}", f"{row.rank:.6f}"]
        for row in done.rows
    ))


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _stamp(row: Row) -> str:
    return row.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z")


def tables(
    done: Evaluation, ladder: Sequence[LadderMarket], made: dict[str, Any], notes: Sequence[str]
) -> dict[str, Any]:
    """Return all numbers of the report. made: what was run on what. NaN is None, as JSON has none."""
    by_key: dict[tuple[str, str], list[Row]] = {}
    for row in done.rows:
        by_key.setdefault((row.model, row.horizon), []).append(row)
    horizons = [name for name in HORIZONS if any(key[1] == name for key in by_key)]
    years = sorted({week.year for week in done.weeks})
    found: dict[str, Any] = {
        **made,
        "notes": list(notes),
        "weeks": len(done.weeks),
        "first_week": str(done.weeks[0]),
        "last_week": str(done.weeks[-1]),
        "forecasts": len(done.rows),
        "models": done.models,
        "horizons": horizons,
        "scores": [],
        "by_year": [],
        "differences": [],
        "ladder": [],
    }
    for model in done.models:
        for horizon in horizons:
            rows = by_key.get((model, horizon), [])
            key = {"model": model, "horizon": horizon}
            found["scores"].append({**key, **scores(rows), "pit_histogram": pit_histogram(rows)})
            for year in years:
                of_year = [row for row in rows if row.week_sunday.year == year]
                found["by_year"].append({**key, "year": year, **scores(of_year)})
            for base in (name for name in BASELINES if name in done.models and name != model):
                for period in ("all", *years):
                    ours, theirs = (
                        [r for r in by_key.get((name, horizon), []) if period in ("all", r.week_sunday.year)]
                        for name in (model, base)
                    )
                    for score in PAIRED:
                        weeks, gap, error = difference(ours, theirs, score)
                        found["differences"].append(
                            {**key, "against": base, "period": str(period), "score": score,
                             "weeks": weeks, "difference": gap, "standard_error": error}
                        )
            if ladder:
                markets, loss = ladder_scores(rows, done.strikes, ladder)
                found["ladder"].append({**key, "markets": markets, "brier": loss})
    found["ladder_check"] = _ladder_check(done, ladder)
    found["excluded"] = [
        {"week_sunday": str(one.week_sunday), "horizon": one.horizon, "model": one.model, "reason": one.reason}
        for one in done.excluded
    ]
    clean: dict[str, Any] = _without_nan(found)
    return clean


def _ladder_check(done: Evaluation, ladder: Sequence[LadderMarket]) -> dict[str, Any]:
    """Return how many markets could be scored, and which results contradict the counts."""
    actual = {row.week_sunday: row.actual for row in done.rows}
    scored = [one for one in ladder if one.week_sunday in actual and one.result is not None]
    wrong = [one.ticker for one in scored if one.result != (actual[one.week_sunday] > one.strike)]
    return {
        "markets": len(ladder),
        "without_result": sum(one.result is None for one in ladder),
        "of_weeks_not_scored": sum(one.week_sunday not in actual for one in ladder),
        "results_against_the_counts": wrong,
    }


def json_text(found: dict[str, Any]) -> str:
    """Return the tables as JSON."""
    return json.dumps(found, indent=1, allow_nan=False) + "\n"


def markdown(found: dict[str, Any], subject: str, picture: str) -> str:
    """Return the report. subject: the model shown year by year. picture: file name beside the report."""
    score = {(one["model"], one["horizon"]): one for one in found["scores"]}
    horizons, models = found["horizons"], found["models"]
    lines = [
        "# Evaluation of the weekly forecasts",
        "",
        f"{found['weeks']} weeks ending {found['first_week']} to {found['last_week']}, {found['forecasts']} forecasts. "
        "Inputs as seen at the time, target the mean of the first prints where known. `k0` to `k4`: so many days of "
        "the week are published; `D-7 Thu`: the Sunday before the week; `D-7 Sat`, `k5`, `k6` are for comparison.",
        "",
        *(f"- {name}: {value}" for name, value in origin_of(found)),
        *(f"- note: {note}" for note in found["notes"]),
        "",
        f"![error by horizon, coverage and ranks]({picture})",
    ]
    for name, (heading, unit, digits) in SHOWN.items():
        rows = [[h, *(_show(score[m, h][name], unit, digits) for m in models)] for h in horizons]
        lines += ["", f"## {heading}", "", table(["horizon", *models], rows)]
    lines += ["", "## Calibration", "", "Share of outcomes inside the central interval (nominal 50, 80, 95 %), and "
              "ranks (mean 0.50 and sd 0.29 are right; distance: Kolmogorov's, tenths: weeks by rank).", ""]
    rows = [
        [m, h, *(_show(one[f"cover_{level}"], 0.01, 1) for level in (50, 80, 95)), _show(one["pit_mean"], 1, 2),
         _show(one["pit_sd"], 1, 2), _show(one["pit_distance"], 1, 3), " ".join(map(str, one["pit_histogram"]))]
        for (m, h), one in score.items()
    ]
    lines.append(table(["model", "horizon", "50 %", "80 %", "95 %", "mean", "sd", "distance", "tenths"], rows))
    lines += _years(found, subject) + _differences(found, subject) + _ladder(found) + _excluded(found)
    return "\n".join(lines) + "\n"


def origin_of(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where the numbers come from, as (label, text)."""
    files = [(f"`{one['path']}`", f"SHA-256 `{one['sha256']}`") for one in found["inputs"]]
    code = f"{found['git_commit'] or 'not a git repository'}{' (changed)' * bool(found['git_dirty'])}"
    return [("command", f"`{found['command']}`"), *files, ("code", code), ("made", found["generated_at"])]


def _years(found: dict[str, Any], subject: str) -> list[str]:
    mine = {(one["horizon"], one["year"]): one for one in found["by_year"] if one["model"] == subject}
    years = sorted({year for _, year in mine})
    lines = ["", f"## {subject} by year"]
    for name in BY_YEAR:
        heading, unit, digits = SHOWN[name]
        rows = [
            [str(year), str(max(int(mine[h, year]["weeks"] or 0) for h in found["horizons"])),
             *(_show(mine[h, year][name], unit, digits) for h in found["horizons"])]
            for year in years
        ]
        lines += ["", f"{heading}:", "", table(["year", "weeks", *found["horizons"]], rows)]
    return lines


def _differences(found: dict[str, Any], subject: str) -> list[str]:
    mine = {
        (one["against"], one["score"], one["period"], one["horizon"]): one
        for one in found["differences"] if one["model"] == subject
    }
    lines = []
    for base in dict.fromkeys(key[0] for key in mine):
        lines += ["", f"## {subject} minus {base}, paired by week (standard error)", "", "Negative: better."]
        for name, (heading, unit, digits) in PAIRED.items():
            periods = list(dict.fromkeys(key[2] for key in mine if key[:2] == (base, name)))
            rows = [
                [period, *(_with_error(mine[base, name, period, h], unit, digits) for h in found["horizons"])]
                for period in periods
            ]
            lines += ["", f"{heading}:", "", table(["weeks of", *found["horizons"]], rows)]
    return lines


def _ladder(found: dict[str, Any]) -> list[str]:
    if not found["ladder"]:
        return []
    check = found["ladder_check"]
    score = {(one["model"], one["horizon"]): one for one in found["ladder"]}
    wrong = check["results_against_the_counts"]
    rows = [
        [h, *(_show(score[m, h]["brier"], 1, 4) for m in found["models"])] for h in found["horizons"]
    ]
    return [
        "", "## Brier score over the exchange's own markets, by their results", "",
        f"{check['markets']} markets; {check['without_result']} without a result and {check['of_weeks_not_scored']} "
        f"of weeks that are not scored are left out. Results that contradict the counts: {', '.join(wrong) or 'none'}.",
        "", table(["horizon", *found["models"]], rows),
    ]


def _excluded(found: dict[str, Any]) -> list[str]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in found["excluded"]:
        week = one["week_sunday"]
        reason = one["reason"].replace(week, "the week")
        groups.setdefault((one["model"] or "all", one["horizon"] or "all", reason), []).append(week)
    rows = [
        [model, horizon, str(len(weeks)), ", ".join(weeks[:6]) + (" …" if len(weeks) > 6 else ""), reason]
        for (model, horizon, reason), weeks in groups.items()
    ]
    headers = ["model", "horizon", "forecasts", "weeks", "reason"]
    return ["", f"## Not scored: {len(found['excluded'])}", "", table(headers, rows)]


def excluded_summary(done: Evaluation) -> list[str]:
    """Return one line per model about what was not scored, and one about whole weeks."""
    weeks = [str(one.week_sunday) for one in done.excluded if not one.model and not one.horizon]
    lines = [f"{len(weeks)} week{'s' * (len(weeks) != 1)} cannot be scored: {', '.join(weeks)}"] if weeks else []
    missing = Counter(one.model or "every model" for one in done.excluded if one.horizon)
    return [*lines, *(f"{count} forecasts of {model} are missing, see the report" for model, count in missing.items())]


def _show(value: float | None, unit: float, digits: int) -> str:
    return number(float("nan") if value is None else value / unit, digits)


def _with_error(one: dict[str, Any], unit: float, digits: int) -> str:
    if one["difference"] is None:
        return "n/a"
    return f"{one['difference'] / unit:+.{digits}f} ({one['standard_error'] / unit:.{digits}f})"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


