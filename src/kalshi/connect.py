"""Connect to the exchange the configuration names: live, demo, a loopback host, or paper in this process."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi.clients import ExchangeClient
from kalshi.config import Config
from kalshi.credentials import load_credentials
from kalshi.errors import ConfigError, StoreError
from kalshi.exchange.hosts import LIVE_BASE, PAPER_BASE, is_loopback
from kalshi.exchange.signing import Credentials, load_private_key
from kalshi.paper.adapter import PaperAdapter
from kalshi.paper.authentication import public_pem_of
from kalshi.paper.exchange import PaperExchange

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


def paper_credentials(state: Path) -> Credentials:
    """Return the key of the paper account beside the *state* file, made on first use (mode 0600)."""
    path = state.with_suffix(".key.pem")
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_new_key(path)
        key = load_private_key(path.read_bytes(), source=f"the paper key {path}")
    except OSError as error:
        raise StoreError(
            f"paper key {path} can not be used ({error.strerror}): check the directory"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"paper key {path} is not an Ed25519 key: remove it together with {state}")
    return Credentials(_key_id(key), key)


def _paper_client(config: Config, clock: Callable[[], datetime], state: Path) -> PaperClient:
    credentials = paper_credentials(state)
    exchange = PaperExchange(state, clock, signature_clock=time.time)
    exchange.add_account(credentials.key_id, credentials.private_key.public_key(), config.paper_balance)
    session = requests.Session()
    session.mount(PAPER_ORIGIN, PaperAdapter(exchange))
    client = PaperClient(PAPER_BASE, credentials, session=session)
    client.paper = exchange
    return client


def _write_new_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    own = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # another process was first: then its key is the one to use
        os.link(own, path)
    own.unlink()


def _key_id(key: Ed25519PrivateKey) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, public_pem_of(key.public_key())))
