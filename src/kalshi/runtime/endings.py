"""How a run can end: the exit code, the word for the run row, the line for a person."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from kalshi.errors import EXIT_CRASHED, EXIT_KNOWN_ERROR, EXIT_OK, EXIT_STOPPED, KalshiError
from kalshi.runtime.interrupts import EXIT_INTERRUPTED, EXIT_TERMINATED, OutOfTime, Terminated


class NothingToDo(Exception):
    """This run has no work, such as on a holiday; it ends well, with the reason in its report."""


@dataclass(frozen=True)
class Ending:
    """How the function ended: the exit code, the word for the run row, and one line when it was not well."""

    code: int
    status: str
    line: str = ""


def explain(error: BaseException, log: logging.Logger) -> Ending:
    """Return how *error* ends a run, after logging it once. The only map from exceptions to codes."""
    if isinstance(error, NothingToDo):
        log.info("nothing to do: %s", error)
        return Ending(EXIT_OK, "nothing_to_do", str(error))
    if isinstance(error, KalshiError):
        line = " ".join(str(error).split()) or type(error).__name__
        log.error(line)
        return Ending(error.exit_code, "stopped" if error.exit_code == EXIT_STOPPED else "failed", line)
    if isinstance(error, KeyboardInterrupt):
        log.error("interrupted from the keyboard")
        return Ending(EXIT_INTERRUPTED, "interrupted", "interrupted from the keyboard")
    if isinstance(error, Terminated):
        log.error("terminated by SIGTERM")
        return Ending(EXIT_TERMINATED, "interrupted", "terminated by SIGTERM")
    if isinstance(error, OutOfTime):
        line = "the run took longer than --time-limit: what it sent is looked up by the next run"
        log.error(line)
        return Ending(EXIT_KNOWN_ERROR, "out_of_time", line)
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else EXIT_CRASHED if error.code else EXIT_OK
        return Ending(code, "failed" if code else "ok", "" if error.code is code or not code else str(error.code))
    log.error("crashed: %s: %s", type(error).__name__, error, exc_info=error)
    return Ending(EXIT_CRASHED, "crashed", f"{type(error).__name__}: {error}")
