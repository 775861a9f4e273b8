"""One process per job, also when the holder is killed without warning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kalshi.errors import EXIT_ALREADY_RUNNING, AlreadyRunning
from kalshi.runtime.job_lock import Hangs, job_lock

SRC = Path(__file__).resolve().parents[2] / "src"
START = datetime(2026, 10, 9, 14, 30, tzinfo=UTC)
HOLDER = """
import sys
from datetime import datetime
from pathlib import Path
from kalshi.runtime.job_lock import job_lock
with job_lock(Path(sys.argv[1]), "demo", run_id="other", started_at=datetime.fromisoformat(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(directory: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory), START.isoformat()],
        env={"PYTHONPATH": str(SRC)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        holder(tmp_path) as process,
        pytest.raises(AlreadyRunning) as caught,
        job_lock(tmp_path, "demo", run_id="mine", started_at=START),
    ):
        pass
    assert f"pid {process.pid} since 2026-10-09 10:30 EDT" in str(caught.value)
    assert caught.value.exit_code == EXIT_ALREADY_RUNNING


def test_another_job_is_free(tmp_path: Path) -> None:
    with holder(tmp_path), job_lock(tmp_path, "other", run_id="mine", started_at=START):
        pass


def test_a_killed_holder_locks_nobody_out(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert (tmp_path / "demo.holder.json").exists()  # its note stays behind and is ignored
        with job_lock(tmp_path, "demo", run_id="mine", started_at=START):
            pass
    assert not (tmp_path / "demo.holder.json").exists()


def test_an_unreadable_note_is_no_obstacle(tmp_path: Path) -> None:
    with holder(tmp_path):
        (tmp_path / "demo.holder.json").write_text("{")
        mine = job_lock(tmp_path, "demo", run_id="mine", started_at=START)
        with pytest.raises(AlreadyRunning, match="holder unknown"), mine:
            pass


@pytest.mark.parametrize(("seconds", "hangs"), [(60, False), (61, True)])
def test_a_holder_a_minute_beyond_its_time_limit_is_said_to_hang(tmp_path: Path, seconds: int, hangs: bool) -> None:
    ends_by = START + timedelta(minutes=15)
    with job_lock(tmp_path, "tsa", run_id="r-1", started_at=START, ends_by=ends_by):
        later = ends_by + timedelta(seconds=seconds)
        with pytest.raises(AlreadyRunning) as told, job_lock(tmp_path, "tsa", run_id="r-2", started_at=later):
            pass
    assert isinstance(told.value, Hangs) is hangs
    assert (f"`kill {os.getpid()}`" in str(told.value) and "16 minutes" in str(told.value)) is hangs
