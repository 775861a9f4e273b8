"""The evaluation as a person starts it: files in, files out, and one line for everything that is wrong."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from kalshi.tsa.sample_counts import sample_counts

ROOT = Path(__file__).resolve().parents[1]
LAST = date(2026, 9, 6)  # newer than anything in the repository or its notes
PERIOD = ("--from", "2026-08-20", "--to", "2026-09-30")
FAST = ("--models", "yoy_hol,earlier_fixed")


def evaluate(*arguments: object, code: str = "") -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["-m", "kalshi.evaluate_forecasts"]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True, text=True, timeout=120, check=False,
    )


def write(path: Path, header: str, values: dict[date, object]) -> Path:
    path.write_text("\n".join([header, *(f"{day},{value}" for day, value in values.items())]) + "\n")
    return path


@pytest.fixture(scope="module")
def counts() -> dict[date, int]:
    return {day: value for day, value in sample_counts(LAST).items() if day >= date(2023, 1, 1)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, counts: dict[date, int]) -> tuple[Path, str, dict[date, int]]:
    """One evaluation with first prints of some days only, and a ladder."""
    home = tmp_path_factory.mktemp("evaluation")
    prints = {day: counts[day] + 7_000 for day in (LAST - timedelta(days=back) for back in range(10))}
    sunday = "KXTSAW-26SEP06"
    mean = sum((prints.get(LAST - timedelta(days=back), 0)) for back in range(7)) / 7
    markets = [f"{sunday}-A{strike:.2f},{'yes' if mean > strike * 1e6 else 'no'}" for strike in (2.3, 2.45, 2.9)]
    ladder = home / "markets.csv"
    ladder.write_text("\n".join(["ticker,result", *markets, f"{sunday}-A2.95,", "KXTSAW-26SEP13-A2.45,"]) + "\n")
    done = evaluate(
        "--counts", write(home / "counts.csv", "date,passengers", dict(counts)),
        "--first-prints", write(home / "prints.csv", "date,first_print", {**prints, date(2026, 9, 7): 2_400_000}),
        "--out", home / "out", "--ladder", ladder, *PERIOD, "--models", "yoy_hol,earlier_fixed,combined",
    )
    assert done.returncode == 0, done.stderr
    return home / "out", done.stdout + done.stderr, prints


def test_every_forecast_is_one_row(made: tuple[Path, str, dict[date, int]]) -> None:
    out, _, _ = made
    rows = list(csv.DictReader((out / "forecasts.csv").open()))
    assert len(rows) == 3 * 9 * 3  # weeks ending August 23 and 30 and September 6; horizons; models
    assert {row["week_sunday"] for row in rows} == {"2026-08-23", "2026-08-30", "2026-09-06"}
    assert list(rows[0])[:6] == ["week_sunday", "as_of", "known_days", "model", "mean", "sd"]
    assert all(name.startswith(("q", "p_")) for name in list(rows[0])[6:])  # and nothing that was known later
    k0 = next(
        r for r in rows if r["model"] == "combined" and r["known_days"] == "0" and r["week_sunday"] == "2026-09-06"
    )
    assert k0["as_of"] == "2026-08-31T13:00:00Z"
    quantiles = [float(k0[name]) for name in ("q025", "q10", "q25", "q50", "q75", "q90", "q975")]
    assert quantiles == sorted(quantiles)
    probs = [float(value) for name, value in k0.items() if name.startswith("p_")]
    assert probs == sorted(probs, reverse=True)
    assert {"p_1800000", "p_2800000", "p_2900000"} <= set(k0)
    scored = list(csv.DictReader((out / "scores.csv").open()))
    shared = ("week_sunday", "as_of", "known_days", "model", "mean")
    assert [[row[name] for name in shared] for row in scored] == [[row[name] for name in shared] for row in rows]
    before = next(row for row in scored if row["horizon"] == "D-7 Thu")
    assert int(before["known_days"]) < 0
    assert before["as_of"] < "2026-08-17"


def test_the_target_is_the_first_print_where_it_is_known(
    made: tuple[Path, str, dict[date, int]], counts: dict[date, int]
) -> None:
    out, _, prints = made
    rows = {row["week_sunday"]: float(row["actual"]) for row in csv.DictReader((out / "scores.csv").open())}
    days = [LAST - timedelta(days=back) for back in range(7)]
    assert rows["2026-09-06"] == pytest.approx(sum(prints[day] for day in days) / 7, abs=0.001)
    days = [date(2026, 8, 23) - timedelta(days=back) for back in range(7)]
    assert rows["2026-08-23"] == pytest.approx(sum(counts[day] for day in days) / 7, abs=0.001)


def test_tables_and_json_carry_the_same_numbers_as_the_rows(made: tuple[Path, str, dict[date, int]]) -> None:
    out, _, _ = made
    rows = list(csv.DictReader((out / "scores.csv").open()))
    found = json.loads((out / "evaluation.json").read_text())
    report = (out / "evaluation.md").read_text()
    for one in found["scores"]:
        mine = [r for r in rows if r["model"] == one["model"] and r["horizon"] == one["horizon"]]
        errors = [abs(float(r["mean"]) / float(r["actual"]) - 1) * 100 for r in mine]
        assert one["weeks"] == len(mine) == 3
        assert one["mape"] == pytest.approx(sum(errors) / 3, abs=1e-3)
        assert one["crps"] == pytest.approx(sum(float(r["crps"]) for r in mine) / 3, abs=0.1)
        assert sum(one["pit_histogram"]) == 3
        if one["horizon"] == "k0":
            assert f"{one['mape']:.2f}" in report
    pair = next(
        one for one in found["differences"]
        if (one["model"], one["against"], one["horizon"], one["period"], one["score"])
        == ("combined", "yoy_hol", "k2", "all", "mape")
    )
    mape = {(one["model"], one["horizon"]): one["mape"] for one in found["scores"]}
    assert pair["difference"] == pytest.approx(mape["combined", "k2"] - mape["yoy_hol", "k2"])
    assert pair["standard_error"] > 0
    assert len(found["inputs"]) == 3
    assert found["parameters"]["from"] == "2026-08-20"


def test_what_is_not_scored_is_named_and_counted(made: tuple[Path, str, dict[date, int]]) -> None:
    out, said, _ = made
    found = json.loads((out / "evaluation.json").read_text())
    assert "3 weeks cannot be scored: 2026-09-13, 2026-09-20, 2026-09-27" in said
    assert "1 first print of days without a count is ignored: 2026-09-07" in said
    assert [one["week_sunday"] for one in found["excluded"]] == ["2026-09-13", "2026-09-20", "2026-09-27"]
    assert found["ladder_check"] == {
        "markets": 5, "without_result": 2, "of_weeks_not_scored": 1, "results_against_the_counts": [],
    }
    assert {one["markets"] for one in found["ladder"]} == {3}
    assert "Not scored: 3" in (out / "evaluation.md").read_text()


def test_the_picture_is_one_and_the_directory_holds_nothing_else(made: tuple[Path, str, dict[date, int]]) -> None:
    out, _, _ = made
    assert (out / "evaluation.png").read_bytes().startswith(b"\x89PNG")
    names = {path.name for path in out.iterdir()}
    assert names == {"forecasts.csv", "scores.csv", *(f"evaluation.{kind}" for kind in ("md", "json", "png", "html"))}


def test_a_second_run_gives_the_same_forecasts(tmp_path: Path, counts: dict[date, int]) -> None:
    source = write(tmp_path / "counts.csv", "date,passengers", dict(counts))
    texts = []
    for _ in range(2):
        done = evaluate("--counts", source, "--out", tmp_path / "out", *PERIOD, "--models", "yoy_hol")
        assert done.returncode == 0, done.stderr
        texts.append((tmp_path / "out" / "forecasts.csv").read_text())
    assert texts[0] == texts[1]


GAP = date(2026, 8, 26)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: "".join(line for line in text.splitlines(True) if not line.startswith(str(GAP))),
         f"1 day without a count ({GAP})"),
        (lambda text: text + text.splitlines()[-1] + "\n", f"{LAST} occurs twice"),
        (lambda text: text + "2026-09-07,99000000\n", "99000000 passengers can not be"),
        (lambda text: text.replace("passengers", "travellers"), "expected columns date and passengers"),
        (lambda text: text + "2026-09-07,many\n", "invalid literal"),
        (lambda text: "", "holds no rows"),
        (lambda text: text.splitlines()[0] + "\n", "holds no rows"),
    ],
    ids=["gap", "twice", "absurd", "column", "text", "empty", "header only"],
)
def test_bad_counts_are_refused_in_one_line(tmp_path: Path, counts: dict[date, int], change, words: str) -> None:  # type: ignore[no-untyped-def]
    source = write(tmp_path / "counts.csv", "date,passengers", dict(counts))
    source.write_text(change(source.read_text()))
    done = evaluate("--counts", source, "--out", tmp_path / "out", *PERIOD, *FAST)
    assert done.returncode == 3, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_gap_can_be_allowed_and_costs_its_week(tmp_path: Path, counts: dict[date, int]) -> None:
    values = {day: value for day, value in counts.items() if day != GAP}
    source = write(tmp_path / "counts.csv", "date,passengers", dict(values))
    done = evaluate("--counts", source, "--out", tmp_path / "out", *PERIOD, *FAST, "--allow-gaps")
    assert done.returncode == 0, done.stderr
    assert "1 day has no count: 2026-08-26" in done.stdout
    assert "4 weeks cannot be scored: 2026-08-30, 2026-09-13" in done.stdout
    rows = list(csv.DictReader((tmp_path / "out" / "forecasts.csv").open()))
    assert {row["week_sunday"] for row in rows} == {"2026-08-23", "2026-09-06"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--from", "2026-09-01", "--to", "2026-08-01"), 2, "exchange the two"),
        (("--from", "soon"), 2, "--from 'soon' is not a date"),
        (("--models", "magic"), 2, "unknown model 'magic'"),
        (("--models", "dhr,dhr"), 2, "twice"),
        (("--models", ","), 2, "names no model"),
        (("--from", "2031-01-01", "--to", "2031-02-01"), 3, "nothing to score"),
        (("--from", "2023-01-01", "--to", "2023-02-01", "--models", "yoy_hol"), 3, "made no forecast"),
        (("--first-prints", "nowhere.csv"), 2, "--first-prints nowhere.csv: there is no such file"),
        (("--ladder", "nowhere.csv"), 2, "nowhere.csv"),
        (("--out", "/dev/null/out"), 2, "--out"),
    ],
)
def test_wrong_use_is_one_line(
    tmp_path: Path, counts: dict[date, int], arguments: tuple[str, ...], code: int, words: str
) -> None:
    source = write(tmp_path / "counts.csv", "date,passengers", dict(counts))
    done = evaluate("--counts", source, "--out", tmp_path / "out", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


BROKEN_MODELS = """
import numpy as np
from dataclasses import dataclass
from kalshi.tsa.models import MODELS
class Broken:
    name = "nan"
    def day_logs(self, known, days):
        return np.full(days.size, np.nan)
class Sometimes:
    name = "sometimes"
    def day_logs(self, known, days):
        return np.full(days.size, np.nan if known.newest % 2 else 14.6)
MODELS.update({"nan": Broken(), "sometimes": Sometimes()})
from kalshi.evaluate_forecasts import main
raise SystemExit(main())
"""


def test_a_model_that_returns_nan_is_named(tmp_path: Path, counts: dict[date, int]) -> None:
    source = write(tmp_path / "counts.csv", "date,passengers", dict(counts))
    where = ("--counts", source, "--out", tmp_path / "out", *PERIOD, "--models")
    done = evaluate(*where, "yoy_hol,nan", code=BROKEN_MODELS)
    assert done.returncode == 3
    assert "model nan made no forecast" in done.stderr
    assert "returned nan" in done.stderr
    done = evaluate(*where, "sometimes", code=BROKEN_MODELS)
    assert done.returncode == 0, done.stderr
    missing = json.loads((tmp_path / "out" / "evaluation.json").read_text())["excluded"]
    named = [one for one in missing if one["model"] == "sometimes"]
    assert named
    assert f"{len(named)} forecasts of sometimes are missing" in done.stdout
    assert all("returned nan" in one["reason"] for one in named)
