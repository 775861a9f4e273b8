"""python -m kalshi.paper: serve the paper exchange on this machine. `snapshot` saves and loads its state."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

from kalshi.config import load_config
from kalshi.errors import ConfigError, KalshiError
from kalshi.exchange.hosts import API_PATH


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    from kalshi.paper.feed_options import add_options

    build = argparse.ArgumentParser(prog="python -m kalshi.paper", description=__doc__, allow_abbrev=False)
    build.add_argument("--state", type=Path, metavar="FILE", help="state file; default paper.sqlite in KALSHI_DATA_DIR")
    build.add_argument("--reset", action="store_true", help="forget the state file first; the key stays")
    build.add_argument("--host", default="127.0.0.1", help="address to listen on; default 127.0.0.1")
    build.add_argument("--port", type=int, default=8765, help="port to listen on, 0 for any free one; default 8765")
    build.add_argument("--allow-remote", action="store_true", help="accept a --host that other machines can reach")
    add_options(build)
    build.add_argument("--scale", type=float, default=1.0, metavar="X", help="market seconds per second; default 1")
    build.add_argument("--date", metavar="YYYY-MM-DD[THH:MM]", help="market time at the start, New York; default now")
    build.add_argument("--clock", choices=("running", "stepped"), default="running", help="stepped: by /control only")
    build.add_argument("--control", action="store_true", help="hear /control, see kalshi/paper/served_control.py")
    build.add_argument("--scenario", type=Path, metavar="FILE", help="faults to stage, see kalshi/paper/faults.py")
    build.add_argument("--tier", default="basic", help="rate limits of new accounts, or none; default basic")
    build.add_argument("--no-maintenance", action="store_true", help="trade through Thursday 03:00-05:00 New York too")
    return build


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["snapshot"]:
        from kalshi.paper import snapshots

        return snapshots.main(words[1:])
    if words[:1] == ["record"]:
        from kalshi.paper import record

        return record.main(words[1:])
    arguments = parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    try:
        _run(arguments)
    except KalshiError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _run(arguments: argparse.Namespace) -> None:
    from kalshi.paper import served
    from kalshi.paper.beside import beside
    from kalshi.paper.exchange import PaperExchange
    from kalshi.paper.faults import Faults, load_scenario
    from kalshi.paper.feed_options import check_options, open_feed, start_of
    from kalshi.paper.keys import key_file_of, paper_credentials
    from kalshi.paper.market_clock import StepClock, market_clock
    from kalshi.paper.page import Page
    from kalshi.paper.rate_limits import Limiter, check_tier
    from kalshi.paper.scripted import Scripted
    from kalshi.paper.served_control import control_route

    config = load_config(mode="paper")
    state = arguments.state or config.data_dir / "paper.sqlite"
    check_options(arguments)
    tier = check_tier(arguments.tier)
    start = start_of(arguments)
    clock = market_clock(time.time, time.monotonic, start=start, scale=arguments.scale)
    if arguments.clock == "stepped":
        clock = StepClock(start or clock())
    control = arguments.control or arguments.clock == "stepped"
    if control and arguments.allow_remote:
        raise ConfigError("/control is for this machine only: leave --control and --clock stepped, or --allow-remote")
    scenario = load_scenario(arguments.scenario) if arguments.scenario else None
    listener = served.listen(arguments.host, arguments.port, allow_remote=arguments.allow_remote)
    if arguments.reset:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{state}{suffix}").unlink(missing_ok=True)
    credentials = paper_credentials(state)
    limiter = Limiter(time.monotonic) if tier else None
    exchange = PaperExchange(state, clock, signature_clock=time.time, limiter=limiter)
    try:
        public_key = credentials.private_key.public_key()
        exchange.add_account(credentials.key_id, public_key, config.paper_balance, tier=tier or "basic")
        exchange.set_maintenance(not arguments.no_maintenance)
        feed, source = open_feed(arguments, exchange, clock)
        if scenario is not None and scenario.events:
            feed = Scripted(exchange, clock, scenario.events, feed)
        tick, every_s = (feed.step, feed.wait_s(arguments.scale)) if feed else (None, 1.0)
        if feed:
            exchange.follow(feed)
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"base URL: http://{shown}:{port}{API_PATH}")
        print(f"page:     http://{shown}:{port}/")
        print(f"key id:   {credentials.key_id}")
        print(f"key file: {key_file_of(state)}")
        print(f"state:    {state}")
        print("PAPER: no real money. Stop with Ctrl-C.", flush=True)
        route = control_route(exchange, clock) if control else None
        page = Page(exchange, credentials, clock=clock, wall=time.time, feed=" ".join(arguments.feed))
        app = served.application(Faults(exchange, scenario), beside=beside(page, source), control=route)
        served.serve(app, listener, tick=tick, every_s=every_s)
    finally:
        listener.close()
        exchange.close()


if __name__ == "__main__":
    raise SystemExit(main())
