"""The dead-man ping: a monitor is told how each run ended, so that a job that no longer starts is noticed."""

from __future__ import annotations

from kalshi.errors import EXIT_ALREADY_RUNNING, EXIT_OK, EXIT_STOPPED
from kalshi.runtime.endings import Ending
from kalshi.runtime.run import Run

CONNECT_S, READ_S = 3.05, 5.0
# Somebody wants it so: neither well nor failed. The monitor will miss the ping in its own time.
SILENT = (EXIT_STOPPED, EXIT_ALREADY_RUNNING)


def ping(run: Run, ending: Ending) -> None:
    """Call the URL that KALSHI_PING_URLS has for this job, with /fail behind it where the run failed.

    Nothing is called by runs that are offline or of another time (--date), or that were stopped or found
    the job running. Trouble is one line in the log, without the URL, and never a failure of the run.
    """
    url = dict(run.config.ping_urls).get(run.job)
    if url is None or run.offline or run.simulated_now is not None or ending.code in SILENT:
        return
    import requests

    try:
        where = url if ending.code == EXIT_OK else f"{url}/fail"
        answer = requests.get(where, timeout=(CONNECT_S, READ_S), allow_redirects=False)
        if not answer.ok or answer.is_redirect:
            run.log.warning("the monitor answered the ping with %s", answer.status_code)
    except Exception as error:  # noqa: BLE001 - the run itself is done: no monitor may end it
        # Its text would name the URL.
        run.log.warning("the monitor could not be pinged: %s", type(error).__name__)
