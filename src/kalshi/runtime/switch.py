"""The kill switch as files in the data directory, so that it works when the database does not.

`STOP` stops every trading job, `STOP.<job>` one of them. The text in the file is the reason.
"""

from __future__ import annotations

from pathlib import Path

from kalshi.errors import StoppedBySwitch
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


def _reason(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8", errors="replace").split())[:200] or "no reason given"
    except OSError:
        return "reason can not be read"
