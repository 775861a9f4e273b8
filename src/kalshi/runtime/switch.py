"""The kill switch as files in the data directory, so that it works when the database does not.

`STOP` stops every trading job, `STOP.<job>` one of them. The text in the file is the reason.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kalshi.config import Config
from kalshi.errors import StoppedBySwitch
from kalshi.runtime.clock import new_york_text
from kalshi.runtime.files import DATA_FIX, writable_directory, write_atomically
from kalshi.runtime.run import Run


def stop_file(data_dir: Path, job: str = "") -> Path:
    """Return the path of the file that stops *job*, or every job when it is empty."""
    return data_dir / (f"STOP.{job}" if job else "STOP")


def check_switch(run: Run) -> None:
    """Raise StoppedBySwitch, with reason and remedy, when a person stopped this job or all of them."""
    for path in (stop_file(run.config.data_dir), stop_file(run.config.data_dir, run.job)):
        if path.exists():
            raise StoppedBySwitch(
                f"stopped by {path} ({_reason(path)}): remove it, or run `python -m kalshi control resume`"
            )


def set_switch(config: Config, action: str, *, job: str, reason: str, at: datetime) -> str:
    """Stop or resume *job*, or all jobs when it is empty; return what was done, for a person."""
    path = stop_file(writable_directory(config.data_dir, "data directory", DATA_FIX), job)
    whom = f"job {job}" if job else "every job"
    if action == "resume":
        was_there = path.exists()
        path.unlink(missing_ok=True)
        return f"{whom} may run again" if was_there else f"{whom} was not stopped: nothing to do"
    write_atomically(path, f"{reason or 'no reason given'} (set {new_york_text(at)})\n")
    return f"{whom} is stopped from now on, by {path}"


def stopped(data_dir: Path) -> list[tuple[str, str]]:
    """Return who is stopped and why: (job, or "every job"; reason), in the order of their names."""
    found = sorted([*data_dir.glob("STOP"), *data_dir.glob("STOP.*")])
    return [(path.name.removeprefix("STOP").lstrip(".") or "every job", _reason(path)) for path in found]


def _reason(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8", errors="replace").split())[:200] or "no reason given"
    except OSError:
        return "reason can not be read"
