"""Place the TSA orders of today's forecast now, whatever the weekday. The bot does this on its order days.

Decisions share their identity with the bot's of the same day, so running both places nothing twice.
"""

from __future__ import annotations

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi import tsa_steps
from kalshi.runtime.job import job
from kalshi.runtime.run import Run


@job("place_tsa_orders", arguments=tsa_steps.add_decision_arguments)
def main(run: Run) -> None:
    """Fetch, forecast, decide and hand every order to the desk."""
    picture = tsa_steps.look(run)
    if picture is None:
        run.nothing_to_do("no TSA event is open for trading")
    tsa_steps.place(run, picture)


if __name__ == "__main__":
    raise SystemExit(main())
