"""Nothing gets into use without its check list; the registry says what the model in use is good for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from kalshi.errors import ConfigError
from kalshi.promote_checks import baseline_item, calibration_item, costs_item, market_item
from kalshi.tsa.evaluation import Row, evaluate
from kalshi.tsa.model_registry import REGISTRY, UNPROVEN, CheckItem, failing, model_in_use, promote, read_registry
from kalshi.tsa.models import DEFAULT_MODEL, MODELS
from kalshi.tsa.sample_counts import sample_vintages
from kalshi.tsa.sample_history import sample_history
from kalshi.tsa.weeks import new_york

SRC = Path(__file__).resolve().parents[1] / "src"
PASSED = [CheckItem(name, "forecast", True, "") for name in ("calibration", "look-ahead", "baseline", "real data")]
EDGE = [CheckItem("out of sample against the market", "edge", False, ""), CheckItem("costs", "edge", False, "")]


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return Path(shutil.copy(REGISTRY, tmp_path / "registry.json"))


def test_the_installed_registry_names_the_default_and_the_proof_it_has() -> None:
    used, said = model_in_use(), read_registry()
    assert used.model == DEFAULT_MODEL in MODELS
    if used.level != UNPROVEN:
        newest = said["history"][0]
        assert (newest["model"], newest["level"]) == (used.model, used.level)
        assert not failing([CheckItem(**item) for item in newest["checks"]], used.level)
        assert all(len(one["sha256"]) == 64 for one in newest["datasets"]) and newest["kpis"]


@pytest.mark.parametrize("broken", [item.name for item in PASSED])
def test_each_item_of_the_forecast_stands_in_the_way_alone(broken: str, registry: Path) -> None:
    items = [CheckItem(i.name, i.needed_for, i.name != broken, "") for i in PASSED] + EDGE
    assert [item.name for item in failing(items, "forecast")] == [broken]
    before = registry.read_bytes()
    with pytest.raises(ValueError, match="fails items of level forecast"):
        promote(registry, "yoy_hol", "forecast", items, {})
    assert registry.read_bytes() == before


def test_an_edge_needs_everything() -> None:
    assert [item.name for item in failing([*PASSED, *EDGE], "edge")] == [item.name for item in EDGE]
    assert not failing([*PASSED, *EDGE], "forecast") and not failing(EDGE, UNPROVEN)


def test_a_promotion_is_written_in_front_and_read_by_the_bot(registry: Path) -> None:
    promote(registry, "yoy_hol", "forecast", [*PASSED, *EDGE], {"promoted_at": "2026-11-28T00:00:00Z"})
    promote(registry, "dhr", "forecast", [*PASSED, *EDGE], {"promoted_at": "2026-11-29T00:00:00Z"})
    used = model_in_use(registry)
    assert str(used) == "dhr (promoted as forecast only; no edge against the market was shown)"
    assert [entry["model"] for entry in read_registry(registry)["history"]][:2] == ["dhr", "yoy_hol"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1, "history": [], "in_use": "oracle", "level": "forecast"}',
             '{"format": 1, "history": [], "in_use": "combined", "level": "gold"}']
)  # fmt: skip
def test_a_damaged_registry_is_one_line(text: str, registry: Path) -> None:
    registry.write_text(text)
    with pytest.raises(ConfigError) as caught:
        model_in_use(registry)
    assert "\n" not in str(caught.value) and str(registry) in str(caught.value)
    registry.unlink()
    with pytest.raises(ConfigError, match="give --model"):
        model_in_use(registry)


# --- the items


def rows_with(ranks: list[float]) -> list[Row]:
    """Return forecasts whose outcomes lie at these ranks of their distributions."""
    until = new_york(date(2026, 5, 5), 12)
    vintages = sample_vintages(until)
    [row] = evaluate(vintages, ["yoy_hol"], first=date(2026, 4, 19), last=date(2026, 4, 19), horizons=["k0"]).rows
    from dataclasses import replace

    return [replace(row, rank=rank) for rank in ranks]


def test_calibration_fails_for_distributions_that_are_too_wide_or_too_narrow() -> None:
    even = [(number + 0.5) / 400 for number in range(400)]
    assert calibration_item({"k0": rows_with(even)}).passed
    wide, narrow = [0.5 + (r - 0.5) * 0.8 for r in even], [min(max(0.5 + (r - 0.5) * 1.3, 0), 1) for r in even]
    for ranks in (wide, narrow):
        item = calibration_item({"k0": rows_with(even), "k4": rows_with(ranks)})
        assert not item.passed and "at k4" in item.detail and "at k0" not in item.detail
    assert not calibration_item({"k0": []}).passed


def test_the_baseline_must_be_beaten_at_every_horizon() -> None:
    vintages = sample_vintages(new_york(date(2026, 5, 5), 12))
    done = evaluate(
        vintages, ["yoy_hol", "earlier_fixed"], first=date(2026, 3, 1), last=date(2026, 4, 19), horizons=["k0"]
    )
    own, other = done.of("yoy_hol", "k0"), done.of("earlier_fixed", "k0")
    one, turned = baseline_item("yoy_hol", {"k0": own}, {"k0": other}), baseline_item("x", {"k0": other}, {"k0": own})
    assert one.passed != turned.passed


def test_few_weeks_never_pass_against_the_market_or_after_costs() -> None:
    events, vintages = sample_history(date(2026, 3, 1), date(2026, 3, 22))
    market, kpis = market_item(events, vintages, "yoy_hol", {})
    costs, _ = costs_item(events, vintages, "yoy_hol", {})
    assert not market.passed and not costs.passed and kpis["weeks"] == 4
    assert "needed: below 0 over 20 weeks" in market.detail and "needed: above 0 over 20 weeks" in costs.detail


# --- the command


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kalshi.promote", "--mode", "paper", *options]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(SRC)}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    path = tmp_path / "counts.csv"
    known = sample_vintages(new_york(date(2026, 5, 5), 12)).known(new_york(date(2026, 5, 5), 12))
    days = [date(2022, 1, 1) + timedelta(days=number) for number in range(1580)]
    lines = [f"{day},{value + day.toordinal() % 7}" for day in days if (value := known.value(day)) is not None]
    path.write_text("\n".join(["date,passengers", *lines, ""]))
    return path


def test_it_refuses_with_the_failing_items_and_changes_nothing(counts: Path, registry: Path) -> None:
    before = registry.read_bytes()
    period = ("--counts", str(counts), "--from", "2026-02-01", "--to", "2026-04-19", "--registry", str(registry))
    ended = run(*period, "--model", "yoy_hol", "--level", "edge")
    assert ended.returncode == 1 and "REFUSED: yoy_hol fails" in ended.stdout, ended.stderr
    assert "out of sample against the market, costs" in " ".join(ended.stdout.split())
    assert registry.read_bytes() == before
    dry = run(*period, "--model", "earlier_fixed", "--dry-run")
    assert dry.returncode in (0, 1) and "nothing was changed" in dry.stdout and registry.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "oracle"), "unknown model 'oracle'"),
        (("--model", "dhr", "--level", "gold"), "--level 'gold' is unknown"),
        (("--model", "dhr", "--candles", "x"), "belong together"),
        (("--model", "dhr", "--registry", "/nowhere/registry.json"), "model registry /nowhere/registry.json"),
    ],
)
def test_mistakes_are_one_line(options: tuple[str, ...], said: str, counts: Path) -> None:
    ended = run("--counts", str(counts), *options)
    assert ended.returncode == 2 and said in ended.stderr and "Traceback" not in ended.stderr
