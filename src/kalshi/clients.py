"""The signed client: `KalshiClient` signs, paces, sends and repeats reads; `ExchangeClient` is typed.

Only reads are sent again. A write leaves once: a lost answer is an unknown outcome, and a 401 for a
stale clock corrects the clock for the next request but does not send the order a second time.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from random import random as random_fraction
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies

from kalshi import __version__
from kalshi.errors import (
    AuthenticationError,
    ConfigError,
    ExchangeError,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    ResponseError,
    Unavailable,
)
from kalshi.exchange.decode import BadRow
from kalshi.exchange.endpoints_account import AccountEndpoints
from kalshi.exchange.endpoints_base import Caller, Query
from kalshi.exchange.endpoints_groups import GroupEndpoints
from kalshi.exchange.endpoints_market import MarketEndpoints
from kalshi.exchange.endpoints_orders import OrderEndpoints
from kalshi.exchange.endpoints_portfolio import PortfolioEndpoints
from kalshi.exchange.error_bodies import error_for
from kalshi.exchange.hosts import API_PATH, check_api_base, is_live, is_loopback
from kalshi.exchange.pacing import Pacer
from kalshi.exchange.signing import SIGNATURE_HEADER, Credentials, signed_headers

log = logging.getLogger(__name__)

# DELETE is left out: a cancel that is repeated answers 404 and hides whether the first one worked.
RETRYABLE_METHODS = frozenset({"GET"})
MAX_ATTEMPTS = 6
BACKOFF_START_S = 0.25
BACKOFF_CAP_S = 4.0
MAX_BODY_BYTES = 64 * 1024 * 1024
STALE_CLOCK_CODE = "header_timestamp_expired"
CLOCK_TOLERANCE_S = 5.0
NOT_SENT = "not_sent"


class _Answer(NamedTuple):
    status: int
    date: str
    body: bytes
    signature: str


class _NoAnswer(Exception):
    """No complete answer; `sent` is False only where certainly nothing left this machine."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class _TooLong(Exception):
    """The answer is longer than is read."""


class KalshiClient(Caller):
    """Send signed requests and return the bytes of 2xx answers; everything else raises ExchangeError.

    base_url: one of Kalshi's hosts or a loopback address, see kalshi.exchange.hosts.
    credentials: None for public data; writes and signed reads then raise ConfigError.
    session: its adapters are used; environment proxies are read once here, never for loopback, netrc never.
    clock: Unix seconds, stamps requests. monotonic, sleep: seconds, for budgets, pacing and waits.
    random: number in [0, 1), the jitter of the waits.
    timeout_s: (connect, read) seconds of one attempt. read_budget_s: seconds of a read with all its repeats.
    writes_allowed: None allows writes everywhere but on the live hosts, where True must be said.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        *,
        session: requests.Session | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        random: Callable[[], float] = random_fraction,
        timeout_s: tuple[float, float] = (3.05, 10.0),
        read_budget_s: float = 30.0,
        writes_allowed: bool | None = None,
        user_agent: str = f"kalshi-cron/{__version__}",
    ) -> None:
        self.base_url = check_api_base(base_url)
        self.clock_offset_s = 0.0
        self.read_budget_s = read_budget_s
        self.writes_allowed = not is_live(self.base_url) if writes_allowed is None else writes_allowed
        self.max_body_bytes = MAX_BODY_BYTES
        self.bad_rows: list[BadRow] = []
        self.pacer = Pacer(clock=monotonic, sleep=sleep)
        self._credentials = credentials
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._random = random
        self._timeout_s = timeout_s
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        self._session = _settled(session or requests.Session(), self.base_url)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, can_sign={self.can_sign})"

    def __enter__(self) -> KalshiClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    @property
    def can_sign(self) -> bool:
        """Whether requests carry a signature."""
        return self._credentials is not None

    def get(
        self,
        path: str,
        params: Query | None = None,
        *,
        template: str = "",
        usable: Callable[[bytes], bool] | None = None,
    ) -> bytes:
        """Return the body of one read, repeated on 429, 5xx and lost connections.

        path: below /trade-api/v2, with a leading slash and no query.
        template: the path with its placeholders, which says what the read costs.
        usable: accepts the body of an error answer; /exchange/status answers normally with 503 too.
        Raises Unavailable or RateLimited when attempts or time are used up, else as `error_for` says.
        """
        return self._request("GET", path, params, None, template or path, 1, usable)

    def write(
        self,
        method: str,
        path: str,
        params: Query | None = None,
        body: bytes | None = None,
        *,
        template: str = "",
        items: int = 1,
    ) -> bytes:
        """Return the body of one write, which is sent exactly once.

        items: orders in a batch; each pays the endpoint's price.
        Raises ConfigError before sending (no key, writes not allowed, batch above the write bucket),
        OutcomeUnknown where it may have been done, else as `error_for` says. OrderRejected with code
        "not_sent": the connection was never made.
        """
        if not self.writes_allowed:
            raise ConfigError(
                f"{method} {path} was not sent: "
                "KALSHI_LIVE_TRADING must be true before orders leave for the live exchange"
            )
        if not self.can_sign:
            raise ConfigError(f"{method} {path} was not sent: it needs KALSHI_KEY_ID and a private key")
        price = self.pacer.cost(method, template or path) * items
        if items > 1 and price > self.pacer.write_capacity:
            raise ConfigError(
                f"{method} {path} was not sent: {items} orders cost {price} tokens, "
                f"the write bucket holds {self.pacer.write_capacity:g}: send smaller batches"
            )
        return self._request(method.upper(), path, params, body, template or path, items, None)

    def _request(
        self,
        method: str,
        path: str,
        params: Query | None,
        body: bytes | None,
        template: str,
        items: int,
        usable: Callable[[bytes], bool] | None,
    ) -> bytes:
        deadline = self._monotonic() + self.read_budget_s
        attempts = 0
        resynchronised = False
        while True:
            attempts += 1
            self.pacer.pace(method, template, items)
            if method not in RETRYABLE_METHODS:  # what it waited for its turn is not taken from its answer's time
                deadline = self._monotonic() + self.read_budget_s
            try:
                answer = self._attempt(method, path, params, body, deadline)
            except _TooLong:
                kind = ResponseError if method in RETRYABLE_METHODS else OutcomeUnknown
                text = f"{method} {path}: the answer is longer than {self.max_body_bytes} bytes"
                raise kind(text, method=method, path=path) from None
            except _NoAnswer as lost:
                error = _lost(method, path, lost)
            else:
                if 200 <= answer.status < 300 or (usable is not None and usable(answer.body)):
                    return answer.body
                error = self._error(method, path, answer)
                if isinstance(error, RateLimited):
                    self.pacer.refused(method, template)
                stale = isinstance(error, AuthenticationError) and self._resynchronise(error, answer.date)
                if stale and method in RETRYABLE_METHODS and not resynchronised:
                    resynchronised = True
                    continue
            if method not in RETRYABLE_METHODS or not isinstance(error, Unavailable | RateLimited):
                raise error
            wait = self._random() * min(BACKOFF_CAP_S, BACKOFF_START_S * 2 ** (attempts - 1))
            if attempts >= MAX_ATTEMPTS or self._monotonic() + wait >= deadline:
                error.args = (f"{error} (gave up after {attempts} attempts)",)
                raise error
            log.info("read is repeated", extra={"path": path, "status": error.status, "attempt": attempts})
            self._sleep(wait)

    def _attempt(
        self, method: str, path: str, params: Query | None, body: bytes | None, deadline: float
    ) -> _Answer:
        headers = self._headers
        signature = ""
        if self._credentials is not None:
            ts_ms = int((self._clock() + self.clock_offset_s) * 1000)
            signed = signed_headers(self._credentials, ts_ms, method, API_PATH + path)
            signature = signed[SIGNATURE_HEADER]
            headers = headers | signed
        if body is not None:
            headers = headers | {"Content-Type": "application/json"}
        connect_s, read_s = self._timeout_s
        left = max(0.1, deadline - self._monotonic())
        try:
            with self._session.request(
                method,
                self.base_url + path,
                params=params,
                data=body,
                headers=headers,
                timeout=(min(connect_s, left), min(read_s, left)),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, deadline)
                return _Answer(response.status_code, response.headers.get("Date", ""), content, signature)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # The original carries the request with its headers, so it is not kept as the cause.
            raise _no_answer(error, self.base_url) from None

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        raw = response.raw
        if not isinstance(raw, urllib3.HTTPResponse):
            return response.content  # an adapter inside this process, the paper exchange
        parts: list[bytes] = []
        size = 0
        while part := raw.read1(65536, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self.max_body_bytes:
                raise _TooLong
            if self._monotonic() > deadline:
                raise requests.ReadTimeout("the answer came too slowly")
        return b"".join(parts)

    def _error(self, method: str, path: str, answer: _Answer) -> ExchangeError:
        body = answer.body
        if self._credentials is not None:  # a server that echoes the request must not fill our log with it
            for secret in (self._credentials.key_id, answer.signature):
                body = body.replace(secret.encode(), b"***")
        return error_for(method, path, answer.status, body)

    def _resynchronise(self, error: ExchangeError, date: str) -> bool:
        """Take the clock offset from the Date header; return whether a stale clock explains the 401."""
        if error.status != 401:
            return False
        try:
            # The header is cut to whole seconds: half a second is the best guess of what is missing.
            offset = parsedate_to_datetime(date).timestamp() + 0.5 - self._clock()
        except (ValueError, TypeError, OverflowError):
            return False
        skewed = not error.code and abs(offset - self.clock_offset_s) > CLOCK_TOLERANCE_S
        if not error.code.startswith(STALE_CLOCK_CODE) and not skewed:
            return False
        log.warning("the clock of this machine is off: %.1f s are added", offset)
        self.clock_offset_s = offset
        return True


def _settled(session: requests.Session, base_url: str) -> requests.Session:
    """Return *session* with what it takes from the environment fixed: read once, no netrc."""
    if session.trust_env:
        session.trust_env = False
        if not is_loopback(base_url):
            session.proxies = {**get_environ_proxies(base_url), **session.proxies}
            bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
            if bundle and session.verify is True:
                session.verify = bundle
    return session


def _lost(method: str, path: str, lost: _NoAnswer) -> ExchangeError:
    if method in RETRYABLE_METHODS:
        return Unavailable(f"{method} {path}: {lost.reason}", method=method, path=path)
    if not lost.sent:
        text = f"{method} {path} was not sent: {lost.reason}"
        return OrderRejected(text, method=method, path=path, code=NOT_SENT)
    text = f"{method} {path}: {lost.reason}; it may have been done: look it up before sending anything again"
    return OutcomeUnknown(text, method=method, path=path)


def _no_answer(error: Exception, base_url: str) -> _NoAnswer:
    host = urlsplit(base_url).netloc
    cause: object = error.args[0] if error.args else error
    reason = getattr(cause, "reason", cause)
    if isinstance(error, requests.ConnectTimeout):
        return _NoAnswer(f"no connection to {host} in time", sent=False)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return _NoAnswer(f"the name of {host} does not resolve; is this machine online?", sent=False)
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return _NoAnswer(f"no connection to {host}", sent=False)
    if isinstance(error, requests.exceptions.SSLError):
        inner = reason.args[0] if isinstance(reason, Exception) and reason.args else None
        certificate = isinstance(inner, ssl.SSLCertVerificationError)
        return _NoAnswer(f"TLS with {host} failed", sent=not certificate)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return _NoAnswer("no answer in time", sent=True)
    return _NoAnswer("the connection was lost before the answer was complete", sent=True)


class ExchangeClient(
    KalshiClient,
    MarketEndpoints,
    PortfolioEndpoints,
    OrderEndpoints,
    GroupEndpoints,
    AccountEndpoints,
):
    """The exchange's endpoints with typed answers; see the groups in kalshi.exchange.endpoints_*."""

    def load_limits(self) -> None:
        """Pace by the account's own limits and prices from now on, instead of those of a new account."""
        limits, costs = self.account_limits(), self.endpoint_costs()
        self.pacer.use_limits(
            read=(limits.read.refill_rate, limits.read.bucket_capacity),
            write=(limits.write.refill_rate, limits.write.bucket_capacity),
        )
        prices = {(row.method, row.path): row.cost for row in costs.endpoint_costs}
        self.pacer.use_costs(costs.default_cost, prices)

    def learn_limits_when_needed(self) -> ExchangeClient:
        """Load the account's own limits before the first wait; where they can not be read, Basic ones stay."""

        def learn() -> None:
            try:
                self.load_limits()
            except (ExchangeError, ValueError) as error:  # ValueError: a bucket that would never fill
                log.warning("pacing by the limits of a new account: %s", error)

        self.pacer.learn = learn
        return self
