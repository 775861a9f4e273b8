"""Errors, by what the caller knows afterwards.

KalshiError                 known trouble; one line that says what, where and what to do
|- ConfigError              nothing was sent; a person fixes the environment or the command
|- DataError                a source is absent, late or changed shape; do not trade on it
|  `- StaleDataError        the source answers, but the newest value is older than it must be
|- StoreError               our own record can not be read or written; do not trade without it
|- AlreadyRunning           another process holds this job's lock
|- StoppedBySwitch          the kill switch is set
`- ExchangeError            carries method, path, status, code and the start of the body
   |- ResponseError         a 2xx whose body lacks a required field or has a malformed one
   |- RateLimited           429: refused before processing; reads may wait and repeat
   |- AuthenticationError   401, 403: signature, key, clock or scope; repeating does not help
   |- NotFound              404: unknown, archived, or on another shard
   |- Unavailable           a read that failed after all its retries
   |- OrderRejected         a write the exchange certainly did not take; `code` says why
   `- OutcomeUnknown        a write that may have happened: look it up, never resend blindly
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_CRASHED = 1
EXIT_CONFIG = 2
EXIT_KNOWN_ERROR = 3
EXIT_ALREADY_RUNNING = 4
EXIT_STOPPED = 5
EXIT_ORDER_UNKNOWN = 6


class KalshiError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = EXIT_KNOWN_ERROR


class ConfigError(KalshiError):
    """Settings, keys or arguments are missing or wrong; nothing was sent."""

    exit_code = EXIT_CONFIG


class DataError(KalshiError):
    """A data source is absent, unreadable or changed its shape."""


class StaleDataError(DataError):
    """The source answers, but its newest value is older than the release calendar allows."""


class StoreError(KalshiError):
    """The local record of runs and orders can not be read or written."""


class AlreadyRunning(KalshiError):
    """Another live process holds the lock of this job."""

    exit_code = EXIT_ALREADY_RUNNING


class StoppedBySwitch(KalshiError):
    """A person set the kill switch."""

    exit_code = EXIT_STOPPED


class ExchangeError(KalshiError):
    """The exchange answered with an error, or not at all.

    method, path: of the request; the path has no query string, so it names no secret.
    status: HTTP status, None when no answer arrived.
    code: the exchange's own code, empty when the body had none.
    body: the first 300 characters of the answer, for people.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        path: str = "",
        status: int | None = None,
        code: str = "",
        body: str = "",
    ) -> None:
        super().__init__(message)
        self.method = method
        self.path = path
        self.status = status
        self.code = code
        self.body = body[:300]


class ResponseError(ExchangeError):
    """A successful answer whose body is not what the API promises."""


class RateLimited(ExchangeError):
    """429: the token bucket is empty; nothing was done."""


class AuthenticationError(ExchangeError):
    """401 or 403: key, signature, clock or scope."""


class NotFound(ExchangeError):
    """404: unknown ticker or order, archived, or on another shard."""


class Unavailable(ExchangeError):
    """A read failed after all its retries."""


class OrderRejected(ExchangeError):
    """A write the exchange certainly did not accept."""


class OutcomeUnknown(ExchangeError):
    """A write that may have happened; look it up before doing anything else."""

    exit_code = EXIT_ORDER_UNKNOWN
