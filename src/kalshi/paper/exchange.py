"""PaperExchange: one request in, one durable answer out.

The same signed bytes that would go to the real exchange are checked here, decided by the engine, written to
the state file and answered. Put it under a client with `kalshi.paper.adapter`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

import msgspec

from kalshi.errors import KalshiError
from kalshi.exchange.hosts import API_PATH
from kalshi.exchange.signing import PublicKey
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper import bars, fee_changes, lifecycle, outside, pauses, settlement
from kalshi.paper.authentication import DEFAULT_SCOPES, authenticate, public_pem_of, require_scope
from kalshi.paper.operations import operation_name
from kalshi.paper.outside import OutsideTrade
from kalshi.paper.parsing import Request
from kalshi.paper.rate_limits import GUEST, Limiter
from kalshi.paper.records import Account, Key
from kalshi.paper.refusals import Refused, bad_parameter, not_modelled, refused
from kalshi.paper.routes import PUBLIC, SCOPES, find_route
from kalshi.paper.state import LOCK_WAIT_S, StateFile
from kalshi.paper.world import World

MAX_BODY_BYTES = 1_000_000
DEAD_WRITES = "/portfolio/orders"

log = logging.getLogger(__name__)
_ENCODER = msgspec.json.Encoder()


class Feed(Protocol):
    """What brings prices. The exchange lets it catch up before it decides anything."""

    def before(self, now: datetime, method: str, path: str, body: bytes) -> datetime:
        """Bring prices to *now* for a request below /trade-api/v2; return the time at which it is decided."""
        ...


class PaperExchange:
    """An exchange on this machine, kept in *state* (None: in memory only).

    clock: aware UTC time of the market; closing, expiry and fills follow it.
    signature_clock: Unix seconds against which request stamps are checked; default the same clock. Give the
    client's own clock when the market lives at another time.
    lock_wait_s: seconds to wait while another process writes to the state file.
    limiter: rate limits, None: as many requests as come.
    Raises StoreError when the state file can not be used.
    """

    def __init__(
        self,
        state: Path | None,
        clock: Callable[[], datetime],
        *,
        signature_clock: Callable[[], float] | None = None,
        lock_wait_s: float = LOCK_WAIT_S,
        limiter: Limiter | None = None,
    ) -> None:
        self._state = StateFile(state, lock_wait_s)
        self._clock = clock
        self._signature_clock = signature_clock or (lambda: clock().timestamp())
        self._limiter = limiter
        self._lock = threading.RLock()
        self._feed: Feed | None = None

    def follow(self, feed: Feed) -> None:
        """Let *feed* catch up before every request."""
        self._feed = feed

    @property
    def path(self) -> Path | None:
        """The state file."""
        return self._state.path

    def close(self) -> None:
        """Close the state file."""
        self._state.close()

    def add_account(
        self,
        key_id: str,
        public_key: PublicKey,
        balance: Decimal,
        *,
        scopes: Sequence[str] = DEFAULT_SCOPES,
        tier: str = "basic",
    ) -> None:
        """Open an account with one key and *balance* dollars on shard 0; a known key id changes nothing."""
        with self._changing() as (world, now):
            if key_id not in world.keys:
                world.keep(Account(key_id, {0: balance}, balance, now, tier=tier, opened_at=now))
                world.keep(Key(key_id, key_id, public_pem_of(public_key), list(scopes)))

    def mirror(self, snapshot: LadderSnapshot, *, at: datetime | None = None, renewed: bool = False) -> None:
        """Take over a ladder: markets, status, results, and its books as outside liquidity.

        at: when it happens, default now; a feed that catches up gives the time it has come to.
        renewed: every quote in it is new, also where a price shows what it showed before.
        Raises KalshiError for a finalized market without a usable result; then nothing changed.
        """
        with self._staff(f"{snapshot.event.event_ticker} can not be mirrored", at) as (world, now):
            lifecycle.mirror(world, snapshot, now, renewed=renewed)

    def outside_trades(self, trades: Iterable[OutsideTrade], *, at: datetime | None = None) -> None:
        """Let trades that happened outside, oldest first, reach the orders that rest here. at: as `mirror`."""
        with self._changing(at) as (world, now):
            for trade in trades:
                outside.reach(world, trade, now)

    def settle(self, ticker: str, result: str, yes_value: Decimal | None = None) -> None:
        """Pay the positions of a market. result: yes, no or scalar (then *yes_value* dollars a YES).

        Raises KalshiError for an unknown market or result.
        """
        with self._staff(f"{ticker} can not be settled") as (world, now):
            settlement.settle(world, ticker, result, now, yes_value=yes_value)

    def determine(self, ticker: str, result: str, yes_value: Decimal | None = None) -> None:
        """Announce a result; it is paid when the market's settlement timer has run out. Parameters as for `settle`.

        A disputed market is determined again by the same result, amended by another one.
        """
        with self._staff(f"{ticker} can not be determined") as (world, now):
            settlement.determine(world, ticker, result, now, yes_value=yes_value)

    def dispute(self, ticker: str) -> None:
        """Stop the settlement timer of a determined market. Raises KalshiError for any other."""
        with self._staff(f"{ticker} can not be disputed") as (world, now):
            settlement.dispute(world, ticker, now)

    def schedule_fee_change(
        self, ticker: str, fee_type: str | None, multiplier: Decimal | None, scheduled_at: datetime
    ) -> None:
        """Let other fees be in force from *scheduled_at* on, of a series or (as its override) of an event.

        None takes an event's override away. Raises KalshiError for an unknown ticker or fee.
        """
        with self._staff(f"fees of {ticker} can not change") as (world, now):
            fee_changes.schedule_fee_change(world, ticker, fee_type, multiplier, scheduled_at, now)

    def pause(self, what: str, *, at: datetime | None = None) -> None:
        """Pause "trading" (cancels work) or the "exchange" (nothing does); "" goes on. at: as `mirror`."""
        with self._changing(at) as (world, now):
            pauses.pause(world, what, now)

    def pause_market(self, ticker: str, paused: bool, *, at: datetime | None = None) -> None:
        """Stop or resume trading in one market. at: as `mirror`. Raises KalshiError for an unknown one."""
        with self._staff(f"{ticker} can not be paused", at) as (world, now):
            lifecycle.pause_market(world, ticker, paused, now)

    def set_maintenance(self, kept: bool) -> None:
        """Keep the weekly maintenance window, or trade through it; off in a new state file."""
        with self._changing() as (world, now):
            if world.ledger.maintenance != kept:
                world.ledger.maintenance, world.ledger.window_seen = kept, None
                world.keep(world.ledger)
                pauses.window_due(world, now)

    @contextmanager
    def trading(self, *, at: datetime | None = None) -> Iterator[tuple[World, datetime]]:
        """Give the state inside a change, for a feed that trades; leaving it writes everything. at: as `mirror`."""
        with self._changing(at) as change:
            yield change

    @contextmanager
    def view(self) -> Iterator[World]:
        """Give the newest state for looking at; do not change it."""
        with self._lock, self._state.reading() as world:
            yield world

    def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer one request: (status, headers, body). *target* is the path with its query.

        Refusals are answers. Raises StoreError when the state file can not be used.
        """
        seconds = self._signature_clock()
        try:
            status, answer = self._answer(method.upper(), target, headers, body, int(seconds * 1000))
        except Refused as refusal:
            status, answer = refusal.status, refusal.body
        content = b"" if answer is None else _ENCODER.encode(answer)
        answer_headers = {"Content-Length": str(len(content)), "Date": formatdate(seconds, usegmt=True)}
        if content:
            answer_headers["Content-Type"] = "application/json"
        return status, answer_headers, content

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write everything that is handled inside to disk at once, at the end; give no answer before that.

        An exception undoes all of it.
        """
        with self._lock, self._state.together():
            yield

    def _answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, now_ms: int
    ) -> tuple[int, Any]:
        path, _, query = target.partition("?")
        if not path.startswith(API_PATH + "/"):
            raise refused(404, "not_found", "page not found")
        if len(body) > MAX_BODY_BYTES:
            raise refused(413, "bad_request", "body too large")
        below = path.removeprefix(API_PATH)
        found = find_route(method, below)
        if found is None:
            raise _unknown(method, below)
        route, names = found
        try:
            parameters = parse_qs(query, keep_blank_values=True, errors="strict", max_num_fields=300)
        except ValueError:
            raise bad_parameter("the query is not readable") from None
        lower = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            now = self._clock()
            if self._feed is not None:
                now = self._feed.before(now, method, below, body)
            with self._state.reading() as world:
                key = authenticate(world, method, path, lower, now_ms=now_ms, required=route.access != PUBLIC)
                if key is not None and route.access != PUBLIC:
                    require_scope(key, *SCOPES[route.access])
                if self._limiter is not None:
                    self._charge(world, key, method, route.path, parameters, body)
                request = Request(
                    method,
                    path,
                    parameters,
                    body,
                    now,
                    key,
                    {name: unquote(value) for name, value in names.items()},
                )
                if not route.changes and not world.is_due(now):
                    return route.handler(world, request)
            refusal: Refused | None = None
            with self._state.changing() as world:
                lifecycle.advance(world, now)
                try:
                    answer = route.handler(world, request)
                except Refused as error:  # what it left behind, such as a spent order id, is kept
                    refusal = error
                bars.note(world, now)
            if refusal is not None:
                raise refusal
            return answer

    @contextmanager
    def _changing(self, at: datetime | None = None) -> Iterator[tuple[World, datetime]]:
        with self._lock, self._state.changing() as world:
            now = at or self._clock()
            lifecycle.advance(world, now)
            yield world, now
            bars.note(world, now)

    @contextmanager
    def _staff(self, trouble: str, at: datetime | None = None) -> Iterator[tuple[World, datetime]]:
        """Give a change that the exchange itself makes; what is refused is a KalshiError and changes nothing."""
        try:
            with self._changing(at) as change:
                yield change
        except Refused as refusal:
            raise KalshiError(f"{trouble}: {refusal.body}") from None

    def _charge(
        self, world: World, key: Key | None, method: str, path: str, query: dict[str, list[str]], body: bytes
    ) -> None:
        assert self._limiter is not None
        member = key.account_id if key is not None else GUEST
        tier = world.accounts[member].tier if key is not None else "basic"
        shards = sorted(world.shards)
        named = query.get("exchange_index", [""])[0]
        self._limiter.admit(member, tier, method, path, body=body, exchange_index=named, shards=shards)


def _unknown(method: str, path: str) -> Refused:
    if method != "GET" and path.startswith(DEAD_WRITES) and not path.startswith("/portfolio/orders/queue"):
        return refused(410, "deprecated_v1_order_endpoint", "use /portfolio/events/orders")
    name = operation_name(method, path)
    if name:
        return not_modelled(name)
    return refused(404, "not_found", "page not found")
