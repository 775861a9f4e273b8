"""Score models against the market's own price on a dataset of recorded quotes, with errors clustered by event.

Per model: Brier score of the mid, the model and (in a dataset made --with-market) the mixture of both, on the usable
quotes seen at their as-of time (two-sided, mid 3 to 97 cents, spread at most 10 cents, no older than --most-age hours).
A difference whose interval holds zero is no evidence either way. Exit code 2: wrong use; 3: no usable quote.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.errors import ConfigError, DataError
from kalshi.runtime.job import job
from kalshi.runtime.run import Run

if TYPE_CHECKING:
    from kalshi.research.market_score import Quotes

HOURS = 3600.0
TRADABLE = "mid 3-97 cents, spread at most 10"
NEEDED = ("bid", "ask", "quote_at", "as_of", "result", "week_sunday")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    parser.add_argument("--dataset", type=Path, required=True, metavar="FILE", help="written by build_dataset")
    parser.add_argument("--most-age", default="0", metavar="HOURS", help="of a quote at its as-of time; default 0")


@job("score_market", arguments=arguments, needs_exchange=False)
def main(run: Run) -> None:
    """Report the scores of every model of a dataset."""
    from kalshi.research.market_score import score_against_mid
    from kalshi.tsa.dataset_file import read_dataset

    table, about = read_dataset(run.args.dataset)
    rows = table.select([*NEEDED, *(name for name in table.column_names if name.startswith("p_"))]).to_pylist()
    usable, left = _usable(rows, _hours(run.args.most_age))
    shown = []
    for name in [*about["models"], *about["with_market"]]:
        found = [one for one in score_against_mid(_quotes(usable, name)) if one.sample == TRADABLE]
        for one in found:
            gap = one.difference
            shown.append((name, one.quotes, one.weeks, f"{one.mid:.4f}", f"{one.model:.4f}",
                          f"{gap.mean:+.4f}", f"{gap.low:+.4f} to {gap.high:+.4f}", _verdict(gap.low, gap.high)))
    if not shown:
        raise DataError(f"{run.args.dataset} has no usable quote: {left}: build it with --times 00:00")
    if about["source"] == "SAMPLE":
        run.report.mark("SAMPLE")
    run.report.add_line(f"{TRADABLE}; left out of {len(rows)} rows: {left}.")
    headers = ("model", "quotes", "events", "mid", "model's", "difference", "95 % interval", "verdict")
    run.report.add_table("Brier score against the market's mid", headers, shown)
    run.report.add_line("Difference: model minus mid, below zero where the model is better; clustered by event.")


def _verdict(low: float, high: float) -> str:
    return "better than the market" if high < 0 else "worse than the market" if low > 0 else "no evidence"


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= 168:
        raise ConfigError(f"--most-age {text!r} must be hours from 0 to 168")
    return hours


def _usable(rows: list[dict[str, Any]], most_age: float) -> tuple[list[dict[str, Any]], str]:
    """Return the rows with a two-sided quote young enough and a result, and in words how many were left out why."""
    left = {"no result": 0, "no quote by then": 0, "quote too old": 0, "one-sided or crossed": 0}
    found = []
    for row in rows:
        if row["result"] not in ("yes", "no"):
            left["no result"] += 1
        elif row["quote_at"] is None:
            left["no quote by then"] += 1
        elif (row["as_of"] - row["quote_at"]).total_seconds() > most_age * HOURS:
            left["quote too old"] += 1
        elif row["bid"] is None or row["ask"] is None or row["bid"] >= row["ask"]:
            left["one-sided or crossed"] += 1
        else:
            found.append(row)
    return found, ", ".join(f"{count} {reason}" for reason, count in left.items() if count) or "none"


def _quotes(rows: list[dict[str, Any]], name: str) -> Quotes:
    import numpy as np

    from kalshi.research.market_score import Quotes

    rows = [row for row in rows if row[f"p_{name}"] is not None]
    bid, ask = (np.array([float(row[side]) for row in rows]) for side in ("bid", "ask"))
    return Quotes(
        np.array([row[f"p_{name}"] for row in rows], dtype=np.float64), (bid + ask) / 2, ask - bid,
        np.array([float(row["result"] == "yes") for row in rows]),
        np.array([row["week_sunday"].toordinal() for row in rows], dtype=np.int64),
    )


if __name__ == "__main__":
    raise SystemExit(main())
