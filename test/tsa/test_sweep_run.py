"""Grids and chunks: every combination once, the same numbers on one core, two, or a cluster, and after a kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from kalshi.errors import ConfigError
from kalshi.tsa import sweep_run
from kalshi.tsa.replay_fast import replay_fast
from kalshi.tsa.sample_history import sample_history
from kalshi.tsa.sweep_grid import Grid
from kalshi.tsa.sweep_run import CHUNK, digest_of, run_sweep
from kalshi.tsa.tape import Tape, tape_of
from kalshi.tsa.trading_week import trading_week

D = Decimal
SRC = Path(__file__).resolve().parents[2] / "src"
GRID = Grid(
    models=("yoy_hol",), entries=("mon", "wed", "mon+fri"), margins=tuple(D(n) / 100 for n in range(1, 26)),
    min_edges=(D(0), D("0.01"), D("0.03")), max_spreads=(D("0.05"), D("0.30")),
    sizings=("contracts:1", "contracts:10", "dollars:5", "kelly:0.25", "kelly:1"),
)  # fmt: skip


@pytest.fixture(scope="module")
def tape() -> Tape:
    events, vintages = sample_history(date(2026, 3, 1), date(2026, 3, 15))
    return tape_of(
        [trading_week(event, vintages, GRID.moments, GRID.models) for event in events], GRID.moments, GRID.models
    )


def test_every_combination_occurs_once_in_a_fixed_order() -> None:
    plans = [GRID.plan(number) for number in range(GRID.size)]
    assert len(set(plans)) == GRID.size == 3 * 25 * 3 * 2 * 5
    assert GRID.parameters(0) == {
        "model": "yoy_hol", "entry": "mon", "margin": D("0.01"), "min_edge": D(0), "max_spread": D("0.05"),
        "sizing": "contracts:1",
    }  # fmt: skip
    assert plans[1].rules.count == 10 and plans[-1].entries == ("mon", "fri") and plans[-1].stake == 1
    assert GRID.moments == ("mon", "wed", "fri")


MANY = {"margins": tuple(D(n) / 10_000 for n in range(1, 9_000)), "min_edges": tuple(D(n) / 1000 for n in range(20))}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"models": ("oracle",)}, "oracle"),
        ({"entries": ("someday",)}, "someday"),
        ({"margins": (D(1),)}, "price share"),
        ({"sizings": ("contracts:1", "lots")}, "lots"),
        ({"sizings": ("kelly:2",)}, "share of Kelly"),
        ({"min_edges": ()}, "--min-edges is empty"),
        ({"max_spreads": (D(1), D(1))}, "twice"),
        ({"policy": "maker"}, "maker"),
        (MANY, "too many"),
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, tuple[object, ...]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        replace(GRID, **wrong).check()  # type: ignore[arg-type]


def test_chunks_together_are_the_plans_one_by_one(tape: Tape, tmp_path: Path) -> None:
    assert GRID.size > 2 * CHUNK
    seen: list[tuple[int, int]] = []
    swept = run_sweep(tape, GRID, tmp_path, workers=2, progress=lambda done, total: seen.append((done, total)))
    whole = replay_fast(tape, list(GRID.plans(range(GRID.size))))
    assert all((swept.columns[name] == getattr(whole, name)).all() for name in sweep_run.COLUMNS)
    assert swept.columns["pnl"].any() and seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_sweep_goes_on_with_what_is_there_and_repeats_what_is_damaged(tape: Tape, tmp_path: Path) -> None:
    first = run_sweep(tape, GRID, tmp_path)
    chunks = sorted(tmp_path.glob("*/*.npz"))
    chunks[0].unlink()
    chunks[1].write_bytes(chunks[1].read_bytes()[:1000])
    again = run_sweep(tape, GRID, tmp_path)
    assert (first.resumed, again.resumed, again.chunks) == (0, 1, 3)
    assert all((first.columns[name] == again.columns[name]).all() for name in sweep_run.COLUMNS)


def test_other_data_or_another_grid_are_never_resumed_from(tape: Tape) -> None:
    week = tape.weeks[0]
    other = replace(tape, weeks=(replace(week, won=~week.won), *tape.weeks[1:]))
    digests = {digest_of(tape, GRID), digest_of(other, GRID), digest_of(tape, replace(GRID, hold="close"))}
    assert len(digests) == 3 and digest_of(tape, GRID) in digests


# --- a real cluster: a scheduler and two workers, each a process


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    place = tmp_path / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(SRC), "DASK_DISTRIBUTED__WORKER__USE_FILE_LOCKING": "false"}

    def start(module: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--scheduler-file", str(place), "--no-dashboard"]
        return subprocess.Popen(
            [*command, *options], env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    with ExitStack() as stack:
        for command in (
            ("dask_scheduler", "--host", "127.0.0.1", "--port", "0"),
            ("dask_worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"),
            ("dask_worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"),
        ):
            process = start(*command)
            stack.callback(process.wait)
            stack.callback(process.kill)
            while not place.exists():
                assert process.poll() is None, "the scheduler did not start"
                time.sleep(0.05)
        yield json.loads(place.read_text())["address"]


def test_a_cluster_gives_the_same_numbers(tape: Tape, tmp_path: Path, cluster: str) -> None:
    from distributed import Client

    with Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    swept = run_sweep(tape, GRID, tmp_path / "cluster", scheduler=cluster)
    whole = replay_fast(tape, list(GRID.plans(range(GRID.size))))
    assert (swept.columns["pnl"] == whole.pnl).all() and swept.resumed == 0
    assert np.array_equal(run_sweep(tape, GRID, tmp_path / "cluster", scheduler=cluster).columns["pnl"], whole.pnl)


def test_a_scheduler_that_is_not_there_is_one_line(tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_run, "CONNECT_S", 0.5)
    with pytest.raises(ConfigError, match="no Dask scheduler answers") as caught:
        run_sweep(tape, GRID, tmp_path, scheduler="tcp://127.0.0.1:9")
    assert "\n" not in str(caught.value)
