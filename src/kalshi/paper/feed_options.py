"""Where a served exchange gets its prices from: the options of the command line, and the feed they name."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from kalshi.errors import ConfigError
from kalshi.exchange.hosts import LIVE_BASE, is_loopback
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.feed import SimulatedFeed, kinds_of
from kalshi.paper.feed_live import LiveFeed, LiveRules
from kalshi.paper.feed_public import public_client
from kalshi.paper.feed_source import IndexSource
from kalshi.paper.market_clock import new_york_time

FEEDS = ("simulated", "live", "recorded", "none")
USUAL = "tsa,inxu"
RULES = LiveRules()
Clock = Callable[[], datetime]


class Running(Protocol):
    """A feed of a served exchange."""

    def before(self, now: datetime, method: str, path: str, body: bytes) -> datetime: ...
    def step(self) -> None: ...
    def wait_s(self, scale: float) -> float: ...


def add_options(build: argparse.ArgumentParser) -> None:
    """Add the options of all feeds."""
    add = build.add_argument
    add("--feed", nargs="+", default=["none"], metavar="WHAT", help="simulated, live, recorded DIR, or none (default)")
    add("--events", default=USUAL, metavar="LIST", help=f"simulated: of tsa,inx,inxu,ndx; default {USUAL}")
    add("--seed", type=int, default=1, help="simulated: chance; default 1")
    add("--series", default="KXTSAW", metavar="LIST", help="live: series to mirror; default KXTSAW")
    add("--source", default=LIVE_BASE, metavar="URL", help="live: the exchange that is mirrored; default Kalshi")
    for name, default in (("latency", RULES.latency_s), ("poll", RULES.poll_s), ("stale", RULES.stale_s)):
        told = f"live: seconds, LiveRules.{name}_s; default {default:g}"
        add(f"--{name}", type=float, default=default, metavar="S", help=told)


def check_options(arguments: argparse.Namespace) -> None:
    """Raise ConfigError for options that make no sense together."""
    kinds_of(arguments.events)
    what, *files = arguments.feed
    if what not in FEEDS or len(files) != (what == "recorded"):
        raise ConfigError(f"--feed {' '.join(arguments.feed)}: use simulated, live, recorded DIR, or none")
    if what == "live":
        moved = arguments.date or arguments.scale != 1 or arguments.clock != "running"
        if moved and not is_loopback(arguments.source):
            raise ConfigError("--feed live follows the real clock: leave --date, --scale and --clock")
        if min(arguments.latency, arguments.poll - 0.1, arguments.stale) < 0:
            raise ConfigError("--latency and --stale are not negative, --poll is at least 0.1 seconds")


def open_feed(
    arguments: argparse.Namespace, exchange: PaperExchange, clock: Clock
) -> tuple[Running | None, IndexSource | None]:
    """Return the feed, started, and the index behind it where that is made up. Raises ConfigError."""
    what = arguments.feed[0]
    if what == "simulated":
        kinds = kinds_of(arguments.events)
        simulated = SimulatedFeed(exchange, clock, seed=arguments.seed, kinds=kinds)
        simulated.step()
        return simulated, IndexSource(clock, seed=arguments.seed, kinds=kinds)
    if what == "live":
        live = LiveFeed(
            exchange,
            lambda: public_client(arguments.source),
            clock,
            series=[name.strip() for name in arguments.series.split(",") if name.strip()],
            monotonic=time.monotonic,
            sleep=time.sleep,
            rules=LiveRules(arguments.latency, arguments.poll, arguments.stale),
        )
        live.start()
        return live, None
    if what == "recorded":
        from kalshi.paper.feed_recorded import RecordedFeed  # reads Parquet, which takes a while to import

        recorded = RecordedFeed(exchange, Path(arguments.feed[1]), clock)
        recorded.step()
        return recorded, None
    return None, None


def start_of(arguments: argparse.Namespace) -> datetime | None:
    """Return the market time at the start: as asked for, else that of a recording, else None: now."""
    if arguments.date:
        return new_york_time(arguments.date)
    if arguments.feed[0] == "recorded":
        from kalshi.paper.feed_recorded import first_moment

        return first_moment(Path(arguments.feed[1]))
    return None
