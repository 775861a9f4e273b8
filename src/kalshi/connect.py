"""Connect to the exchange the configuration names: live, demo, a loopback host, or paper in this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import requests

from kalshi.clients import ExchangeClient
from kalshi.config import Config
from kalshi.credentials import load_credentials
from kalshi.exchange.hosts import LIVE_BASE, PAPER_BASE, is_loopback
from kalshi.paper.adapter import PaperAdapter
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.keys import paper_credentials

__all__ = ["PaperClient", "connect", "connect_public", "paper_credentials", "wall_clock"]

PAPER_STATE = "paper.sqlite"
PAPER_ORIGIN = PAPER_BASE.removesuffix("/trade-api/v2")
PUBLIC_TIMEOUT_S = (2.0, 4.0)
PUBLIC_BUDGET_S = 6.0


class PaperClient(ExchangeClient):
    """An exchange client whose requests stay in this process; `paper` is the exchange behind it."""

    paper: PaperExchange


def wall_clock() -> datetime:
    """Return the time of this machine, aware UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def connect(
    config: Config, *, clock: Callable[[], datetime] = wall_clock, paper_state: Path | None = None
) -> ExchangeClient:
    """Return a signed client for the mode and host of *config*.

    clock: market time of the paper exchange; requests are always stamped by this machine's clock.
    paper_state: another state file than data_dir/paper.sqlite.
    Live without KALSHI_LIVE_TRADING gives a client that refuses writes. In paper mode the client is a
    `PaperClient`; a loopback KALSHI_API_BASE is respected in every mode, then the paper key signs.
    Raises ConfigError (no key, unreadable key) or StoreError (state file).
    """
    if config.mode == "paper" and config.api_base == PAPER_BASE:
        return _paper_client(config, clock, paper_state or config.data_dir / PAPER_STATE)
    if config.mode == "paper" and not config.key_id:
        credentials = paper_credentials(paper_state or config.data_dir / PAPER_STATE)
    else:
        credentials = load_credentials(config)
    writes_allowed = False if config.dry_run_forced else None if config.mode != "live" else True
    client = ExchangeClient(config.api_base, credentials, writes_allowed=writes_allowed)
    return client.learn_limits_when_needed()


def connect_public(config: Config) -> ExchangeClient:
    """Return an unsigned client for public data: the live host, or the loopback host of *config*.

    Its waits are short, because a run goes on without it.
    """
    base = config.api_base if is_loopback(config.api_base) else LIVE_BASE
    return ExchangeClient(
        base, None, timeout_s=PUBLIC_TIMEOUT_S, read_budget_s=PUBLIC_BUDGET_S, writes_allowed=False
    )


def _paper_client(config: Config, clock: Callable[[], datetime], state: Path) -> PaperClient:
    credentials = paper_credentials(state)
    exchange = PaperExchange(state, clock, signature_clock=time.time)
    exchange.add_account(credentials.key_id, credentials.private_key.public_key(), config.paper_balance)
    session = requests.Session()
    session.mount(PAPER_ORIGIN, PaperAdapter(exchange))
    client = PaperClient(PAPER_BASE, credentials, session=session)
    client.paper = exchange
    return client
