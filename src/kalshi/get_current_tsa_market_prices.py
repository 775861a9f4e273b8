"""Show the ladder of the week's TSA event as the exchange quotes it now, beside the forecast. Never trades."""

from __future__ import annotations

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi import tsa_steps
from kalshi.runtime.job import job
from kalshi.runtime.run import Run


@job("get_current_tsa_market_prices", arguments=tsa_steps.add_decision_arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Report prices, probabilities and what the bot would do with each market."""
    if tsa_steps.look(run) is None:
        run.nothing_to_do("no TSA event is open for trading")


if __name__ == "__main__":
    raise SystemExit(main())
