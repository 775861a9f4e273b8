"""The page of an evaluation: how good the forecasts are at each point of the week, and whether they mean it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kalshi.evaluate_output import SHOWN, origin_of
from kalshi.research import charts
from kalshi.research.page import Chart, Charts, Facts, Page, Section, TableBlock, Text, plain_facts

TRADED = ("D-7 Thu", "k0", "k1", "k2", "k3", "k4")  # moments that occur; the others are for comparison
LEVELS = (50, 80, 95)


def evaluation_page(found: dict[str, Any], subject: str, marks: Sequence[str] = ()) -> Page:
    """Return the page of the tables that `evaluate_output.tables` made. subject: the model that is looked at."""
    score = {(one["model"], one["horizon"]): one for one in found["scores"]}
    traded = [name for name in TRADED if name in found["horizons"]]
    sections = [
        Section("At a glance", [Charts(_charts(found, score, subject, traded))]),
        Section("By horizon", [_table(found, score, name) for name in SHOWN]),
        Section(f"Calibration of {subject}", [
            TableBlock(
                ("horizon", "50 %", "80 %", "95 %", "rank mean", "rank sd", "distance"),
                [_calibration(score[subject, name], name) for name in found["horizons"]],
                "share of outcomes inside the central interval, %; ranks: 0.50 and 0.29 are right",
            ),
        ]),
        Section(f"{subject} by year", [_years(found, subject, name) for name in ("mape", "crps", "brier")]),
        Section("Against the baselines", [_differences(found, subject, base) for base in _bases(found, subject)]),
        Section("Not scored", [TableBlock(
            ("week", "horizon", "model", "reason"),
            [(o["week_sunday"], o["horizon"] or "all", o["model"] or "all", o["reason"]) for o in found["excluded"]],
            "weeks and forecasts that are left out", folded=len(found["excluded"]) > 12,
        )]),
        Section("Data and method", [
            Facts(plain_facts(origin_of(found)), found["notes"]),
            Text("Inputs as seen at the time, target the mean of the first prints where they are known. k0 to k4: so "
                 "many days of the week are published. D-7 Thu: the Sunday before the week, with Thursday's counts."),
        ]),
    ]  # fmt: skip
    title = f"Forecasts of the weekly mean, weeks ending {found['first_week']} to {found['last_week']}"
    return Page(title, _verdict(found, score, subject, traded), sections, marks=marks,
                subtitle=f"{found['weeks']} weeks, {found['forecasts']} forecasts by {', '.join(found['models'])}")


def _verdict(found: dict[str, Any], score: dict[tuple[str, str], Any], subject: str, traded: list[str]) -> str:
    said = {name: score[subject, name]["mape"] for name in traded}
    errors = ", ".join(f"{name} {error:.2f} %" for name, error in said.items() if error is not None)
    gaps = [
        one for one in found["differences"]
        if (one["model"], one["score"], one["period"], one["horizon"]) == (subject, "mape", "all", "k0")
        and one["difference"] is not None
    ]  # fmt: skip
    beside = "; ".join(
        f"{one['difference']:+.2f} ± {1.96 * one['standard_error']:.2f} points against {one['against']}" for one in gaps
    )
    tail = f" At k0, paired by week (95 %): {beside}." if beside else ""
    return f"Mean absolute error of {subject}: {errors or 'not known'}.{tail} It says nothing about beating the market."


def _charts(found: dict[str, Any], score: dict[tuple[str, str], Any], subject: str, traded: list[str]) -> list[Chart]:
    models = [subject, *(name for name in found["models"] if name != subject)]
    errors = {model: [_or_nan(score[model, name]["mape"]) for name in traded] for model in models}
    inside = {
        f"{level} %": [100 * _or_nan(score[subject, name][f"cover_{level}"]) for name in traded] for level in LEVELS
    }
    ranks = {name: score[subject, name]["pit_histogram"] for name in ("k0", "k4") if (subject, name) in score}
    return [
        Chart(
            "Error by horizon", charts.lines(traded, errors, "mean absolute error, %", first=subject),
            f"Mean absolute error by horizon of {', '.join(models)}; the numbers are in the tables below",
        ),
        Chart(
            f"Coverage of {subject}", charts.lines(traded, inside, "outcomes inside the interval, %", levels=LEVELS),
            "Share of outcomes inside the central 50, 80 and 95 per cent; dashed: what it should be",
        ),
        Chart(
            f"Ranks of the outcomes (PIT), {subject}", charts.histogram(ranks),
            "How often outcomes fell into each tenth of the forecast distribution",
        ),
    ]  # fmt: skip


def _table(found: dict[str, Any], score: dict[tuple[str, str], Any], name: str) -> TableBlock:
    heading, unit, digits = SHOWN[name]
    rows = [
        [horizon, *(_shown(score[model, horizon][name], unit, digits) for model in found["models"])]
        for horizon in found["horizons"]
    ]
    return TableBlock(["horizon", *found["models"]], rows, heading)


def _calibration(one: dict[str, Any], horizon: str) -> list[str]:
    inside = [_shown(one[f"cover_{level}"], 0.01, 1) for level in LEVELS]
    return [horizon, *inside, *(_shown(one[name], 1, 3) for name in ("pit_mean", "pit_sd", "pit_distance"))]


def _years(found: dict[str, Any], subject: str, name: str) -> TableBlock:
    heading, unit, digits = SHOWN[name]
    mine = {(one["horizon"], one["year"]): one for one in found["by_year"] if one["model"] == subject}
    rows = [
        [str(year), *(_shown(mine[horizon, year][name], unit, digits) for horizon in found["horizons"])]
        for year in sorted({year for _, year in mine})
    ]
    return TableBlock(["year", *found["horizons"]], rows, heading)


def _bases(found: dict[str, Any], subject: str) -> list[str]:
    return list(dict.fromkeys(one["against"] for one in found["differences"] if one["model"] == subject))


def _differences(found: dict[str, Any], subject: str, base: str) -> TableBlock:
    mine = {
        (one["period"], one["horizon"]): one
        for one in found["differences"]
        if (one["model"], one["against"], one["score"]) == (subject, base, "mape")
    }
    rows = [
        [period, *(_with_error(mine[period, horizon]) for horizon in found["horizons"])]
        for period in dict.fromkeys(period for period, _ in mine)
    ]
    caption = f"{subject} minus {base}, points of MAPE paired by week (standard error); negative: better"
    return TableBlock(["weeks of", *found["horizons"]], rows, caption)


def _with_error(one: dict[str, Any]) -> str:
    if one["difference"] is None:
        return "n/a"
    return f"{one['difference']:+.2f} ({one['standard_error']:.2f})"


def _shown(value: float | None, unit: float, digits: int) -> str:
    return "n/a" if value is None else f"{value / unit:.{digits}f}"


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
