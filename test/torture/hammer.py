"""A job that only trades: the torture run starts it, kills it and starts it again.

What it does in a tick follows from seed, tick and lane alone, so that a second start means the same orders.
"""

from __future__ import annotations

import argparse
import os
import random
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.exchange.models_orders import FILL_OR_KILL, GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL
from kalshi.runtime.clock import NEW_YORK
from kalshi.runtime.job import job
from kalshi.trading.intents import Intent, Side

if TYPE_CHECKING:
    from kalshi.runtime.run import Run

D = Decimal
EVENT = "KXTSAW-26NOV29"
TICKERS = tuple(f"{EVENT}-A{strike}" for strike in ("2.40", "2.45", "2.50", "2.55", "2.60"))
LANE = os.environ.get("TORTURE_LANE", "a")  # a job's lock goes by its name: two lanes run side by side


def planned(seed: int, tick: int, lane: str, count: int, day: date) -> list[Intent]:
    """Return the orders of a tick: made up, but the same ones for the same arguments."""
    chances = [random.Random(f"{seed}/{tick}/{lane}/{number}") for number in range(count)]
    return [_intent(chance, tick, lane, number, day) for number, chance in enumerate(chances)]


def _intent(chance: random.Random, tick: int, lane: str, number: int, day: date) -> Intent:
    force = chance.choice([GOOD_TILL_CANCELED, GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL, FILL_OR_KILL])
    return Intent(
        strategy=f"hammer_{lane}",
        run_date=day,
        event_ticker=EVENT,
        ticker=chance.choice(TICKERS),
        side=chance.choice(list(Side)),
        price=D(chance.choice(["0.30", "0.41", "0.45", "0.58", "0.62"])),
        count=D(chance.randint(1, 6)),
        purpose=f"tick-{tick}-{number}",
        time_in_force=force,
        post_only=force == GOOD_TILL_CANCELED and chance.random() < 0.3,
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tick", type=int, default=0)
    parser.add_argument("--orders", type=int, default=5)


@job(f"hammer_{LANE}", arguments=_arguments)
def main(run: Run) -> None:
    """Cancel now and then, place the orders of the tick, sell what is held now and then."""
    args = run.args
    chance = random.Random(f"{args.seed}/{args.tick}/{LANE}")
    run.reconcile()
    if args.orders and chance.random() < 0.4:
        run.desk.cancel_resting(EVENT)
    day = run.now.astimezone(NEW_YORK).date()
    for intent in planned(args.seed, args.tick, LANE, args.orders, day):
        run.desk.submit(intent, run.exchange.market(intent.ticker))
    if args.orders and chance.random() < 0.3:
        run.desk.flatten(run.exchange.market(chance.choice(TICKERS)), D("0.20"), 2, strategy=f"hammer_{LANE}")


if __name__ == "__main__":
    raise SystemExit(main())
