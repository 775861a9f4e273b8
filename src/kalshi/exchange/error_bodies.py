"""What an answer that is not 2xx means, for a read and for a write.

Four JSON shapes are known: {"error": {"code", "message", "details"}}, {"code", "message", "details"},
{"msg"} and {"error": "text"}. Servers in front of the exchange answer HTML or nothing.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from kalshi.errors import (
    AuthenticationError,
    ExchangeError,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)

MAX_TEXT = 300
# A server in front gave up waiting: the exchange may still have acted.
UNKNOWN_4XX = frozenset({408, 499})
_ADVICE = {
    401: "check key id, key and mode (demo and live keys are separate)",
    403: "the key lacks a scope, is locked to another subaccount, or needs renewed attestation",
    410: "this endpoint is gone; update the package",
}


class ErrorBody(msgspec.Struct, frozen=True):
    """The exchange's own words about a refusal; every part may be empty."""

    code: str = ""
    message: str = ""
    details: str = ""

    def text(self) -> str:
        """Return the parts that are there as one line."""
        return ": ".join(part for part in (self.code, self.message, self.details) if part)


def read_error_body(body: bytes) -> ErrorBody:
    """Return code, message and details of an error answer; HTML and unknown shapes become the message."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return ErrorBody(message=_one_line(_without_tags(body)))
    if isinstance(parsed, dict):
        inner = parsed.get("error")
        if isinstance(inner, dict):
            return _from_object(inner)
        if isinstance(inner, str):
            return ErrorBody(message=_one_line(inner))
        if any(parsed.get(name) for name in ("code", "message", "details", "msg")):
            return _from_object(parsed)
    return ErrorBody(message=_one_line(body.decode("utf-8", "replace")))


def _from_object(shape: dict[str, Any]) -> ErrorBody:
    return ErrorBody(
        code=_one_line(shape.get("code")),
        message=_one_line(shape.get("message") or shape.get("msg")),
        details=_one_line(shape.get("details")),
    )


def _one_line(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * MAX_TEXT])
    return " ".join(printable.split())[:MAX_TEXT]


def _without_tags(body: bytes) -> str:
    text = body[: 20 * MAX_TEXT].decode("utf-8", "replace")
    if "<" not in text:
        return text
    text = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", " ", text)
    return re.sub(r"<[^>]*>", " ", text)


def error_for(method: str, path: str, status: int, body: bytes) -> ExchangeError:
    """Return the error that says what the caller now knows; it is returned, not raised.

    A write (every method but GET): 401 and 403, 404 and 429 have their own classes and did nothing;
    other 4xx are OrderRejected; everything else, redirects too, may have been done: OutcomeUnknown.
    A read: 5xx and 429 may pass (Unavailable, RateLimited), other statuses stay as they are.
    """
    parts = read_error_body(body)
    kind = _error_class(method != "GET", status)
    words = parts.text() or "no message"
    advice = _ADVICE.get(status, "")
    if kind is OutcomeUnknown:
        advice = "it may have been done: look it up before sending anything again"
    elif 300 <= status < 400:
        advice = "redirects are not followed, the signature would be wrong: check KALSHI_API_BASE"
    message = f"{method} {path}: HTTP {status}, {words}" + (f" ({advice})" if advice else "")
    return kind(
        message,
        method=method,
        path=path,
        status=status,
        code=parts.code,
        body=_one_line(body.decode("utf-8", "replace")),
    )


def _error_class(write: bool, status: int) -> type[ExchangeError]:
    if status in (401, 403):
        return AuthenticationError
    if status == 404:
        return NotFound
    if status == 429:
        return RateLimited
    if write:
        definite = 400 <= status < 500 and status not in UNKNOWN_4XX
        return OrderRejected if definite else OutcomeUnknown
    return Unavailable if status >= 500 else ExchangeError
