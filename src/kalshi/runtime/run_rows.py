"""The run row: opened before the job's function, closed after it; a dead process's row becomes crashed."""

from __future__ import annotations

import os

from kalshi.runtime.clock import utc_now
from kalshi.runtime.endings import Ending
from kalshi.runtime.run import Run


def open_row(run: Run) -> None:
    """Mark rows of this job that a dead process left open as crashed, and open the row of this run.

    Call with the job's lock held: whoever left a row open then no longer lives, whoever has its
    pid now.
    """
    for run_id in run.store.mark_crashed(run.job, ended_at=utc_now()):
        run.log.warning("run %s ended without closing its row: marked as crashed", run_id)
        run.alarm(f"Run {run_id} of this job was killed or crashed; what it sent is looked up first")
    run.store.open_run(
        run.run_id,
        job=run.job,
        mode=run.config.mode,
        dry_run=run.dry_run,
        pid=os.getpid(),
        started_at=run.started_at,
    )


def close_row(run: Run, ending: Ending) -> None:
    """Close the row of this run with status, exit code and the one line that explains them."""
    run.store.close_run(
        run.run_id,
        status=ending.status,
        exit_code=ending.code,
        summary=ending.line,
        ended_at=utc_now(),
    )
