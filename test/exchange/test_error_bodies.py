"""Four shapes of error bodies, HTML and nothing; what each status means for reads and for writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import (
    AuthenticationError,
    ExchangeError,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from kalshi.exchange.error_bodies import ErrorBody, error_for, read_error_body


@pytest.mark.parametrize(
    "body, expected",
    [
        (
            {"error": {"code": "invalid_order", "message": "no", "details": "would cross", "service": "x"}},
            ErrorBody("invalid_order", "no", "would cross"),
        ),
        ({"code": "bad_request", "message": "m", "details": "d"}, ErrorBody("bad_request", "m", "d")),
        ({"msg": "limit is too large"}, ErrorBody(message="limit is too large")),
        ({"error": "too many requests"}, ErrorBody(message="too many requests")),
        ({"error": {"code": None, "details": {"field": "count"}}}, ErrorBody(details='{"field": "count"}')),
        ({"error": {"message": "two\nlines\tand\x00more"}}, ErrorBody(message="two lines and more")),
        ({"unknown": 1}, ErrorBody(message='{"unknown": 1}')),
        ([1, 2], ErrorBody(message="[1, 2]")),
    ],
)
def test_json_shapes(body, expected):
    assert read_error_body(json.dumps(body).encode()) == expected


def test_html_text_and_nothing():
    page = b"<html><head><title>x</title><style>b{}</style></head><body><h1>502</h1>\n Bad gateway</html>"
    assert read_error_body(page) == ErrorBody(message="502 Bad gateway")
    assert read_error_body(b"upstream reset") == ErrorBody(message="upstream reset")
    assert read_error_body(b"") == ErrorBody()


@given(st.binary(max_size=600))
def test_any_bytes_become_one_short_line(body):
    error = error_for("POST", "/x", 500, body)
    assert len(str(error).splitlines()) == 1
    assert len(str(error)) < 1100
    assert len(error.body) <= 300


NAMES = st.sampled_from(["error", "code", "message", "details", "msg", "x"])
LEAVES = st.none() | st.booleans() | st.text(max_size=5)


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=8))
def test_any_json_is_understood_without_failing(value):
    assert isinstance(read_error_body(json.dumps(value).encode()).text(), str)


@pytest.mark.parametrize(
    "method, status, kind",
    [
        ("GET", 400, ExchangeError), ("POST", 400, OrderRejected),
        ("GET", 401, AuthenticationError), ("POST", 401, AuthenticationError),
        ("GET", 403, AuthenticationError), ("DELETE", 403, AuthenticationError),
        ("GET", 404, NotFound), ("DELETE", 404, NotFound),
        ("POST", 409, OrderRejected), ("POST", 410, OrderRejected), ("POST", 422, OrderRejected),
        ("GET", 429, RateLimited), ("POST", 429, RateLimited),
        ("POST", 408, OutcomeUnknown), ("POST", 499, OutcomeUnknown),
        ("GET", 500, Unavailable), ("GET", 504, Unavailable),
        ("POST", 500, OutcomeUnknown), ("PUT", 503, OutcomeUnknown), ("DELETE", 504, OutcomeUnknown),
        ("GET", 301, ExchangeError), ("POST", 301, OutcomeUnknown), ("POST", 100, OutcomeUnknown),
    ],
)  # fmt: skip
def test_what_a_status_means(method, status, kind):
    error = error_for(method, "/portfolio/events/orders", status, b'{"error": {"code": "c"}}')
    assert type(error) is kind
    assert (error.method, error.path, error.status) == (method, "/portfolio/events/orders", status)
    assert error.code == "c"
    assert str(error).startswith(f"{method} /portfolio/events/orders: HTTP {status}, c")


def test_a_message_says_what_to_do():
    assert "demo and live keys are separate" in str(error_for("GET", "/x", 401, b""))
    assert "look it up" in str(error_for("POST", "/x", 503, b""))
    assert "KALSHI_API_BASE" in str(error_for("GET", "/x", 301, b""))
    assert "no message" in str(error_for("GET", "/x", 400, b""))
