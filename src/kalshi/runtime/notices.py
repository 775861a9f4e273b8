"""Critical mails: the same trouble of the same job is mailed once an hour, however often cron starts it."""

from __future__ import annotations

from datetime import timedelta

from kalshi.errors import EXIT_OK, EXIT_ORDER_UNKNOWN, KalshiError
from kalshi.runtime.clock import new_york_text, utc_now
from kalshi.runtime.endings import Ending
from kalshi.runtime.run import Run

EVERY = timedelta(hours=1)


def was_mailed(run: Run, ending: Ending) -> bool:
    """Return whether this failure was mailed within the last hour. A run that ended well always mails.

    Kept in the store; where that can not be read the mail goes out: better twice than not at all.
    """
    if ending.code == EXIT_OK:
        return False
    try:
        last = run.store.last_notice(_key(run, ending))
    except KalshiError:
        return False
    if last is None or utc_now() - last >= EVERY:
        return False
    run.log.info("no mail: the same trouble was mailed at %s, at most once an hour", new_york_text(last))
    return True


def keep(run: Run, ending: Ending) -> None:
    """Keep that a mail about this failure went out; one that can not be kept is logged."""
    if ending.code == EXIT_OK:
        return
    try:
        run.store.keep_notice(_key(run, ending), utc_now())
    except KalshiError as error:
        run.log.warning("that the mail went out could not be kept: %s", error)


def _key(run: Run, ending: Ending) -> str:
    # Another order that is unknown is other trouble; otherwise the details of a failure may change each time.
    about = f": {ending.line[:200]}" if ending.code == EXIT_ORDER_UNKNOWN else ""
    return f"{run.job} ({run.config.mode}): {ending.status}{about}"
