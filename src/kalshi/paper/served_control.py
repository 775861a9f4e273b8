"""Control of a served exchange for tests in any language: outside the API, on loopback only, off unless asked for.

    POST /control {"do": "clock", "advance_s": 60}            or "to": an RFC 3339 time; needs --clock stepped
    POST /control {"do": "pause", "what": "trading"}          or "exchange", or "" to go on
    POST /control {"do": "market", "ticker": T, "paused": true}
    POST /control {"do": "determine", "ticker": T, "result": "yes"}    scalar: "yes_value": "0.25"
    POST /control {"do": "dispute", "ticker": T}
    POST /control {"do": "settle", "ticker": T, "result": "no"}
    POST /control {"do": "fees", "ticker": T, "fee_type": "quadratic", "multiplier": "0.5", "at": time}
    GET /control

Each answers {"now": market time}, or 400 {"error": what is wrong}. Only requests with `Content-Type:
application/json` and a loopback `Host` are heard, so that no web page in a browser can send one.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kalshi.errors import KalshiError
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.market_clock import StepClock

PATH = "/control"
MAX_BYTES = 10_000
Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class Clock(msgspec.Struct, tag_field="do", tag="clock", forbid_unknown_fields=True):
    advance_s: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None
    to: Aware | None = None


class Pause(msgspec.Struct, tag_field="do", tag="pause", forbid_unknown_fields=True):
    what: Annotated[str, msgspec.Meta(pattern="^(trading|exchange|)$")]


class PauseMarket(msgspec.Struct, tag_field="do", tag="market", forbid_unknown_fields=True):
    ticker: str
    paused: bool


class Determine(msgspec.Struct, tag_field="do", tag="determine", forbid_unknown_fields=True):
    ticker: str
    result: str
    yes_value: Decimal | None = None


class Dispute(msgspec.Struct, tag_field="do", tag="dispute", forbid_unknown_fields=True):
    ticker: str


class Settle(msgspec.Struct, tag_field="do", tag="settle", forbid_unknown_fields=True):
    ticker: str
    result: str
    yes_value: Decimal | None = None


class Fees(msgspec.Struct, tag_field="do", tag="fees", forbid_unknown_fields=True):
    ticker: str
    at: Aware
    fee_type: str | None = None
    multiplier: Decimal | None = None


Order = Clock | Pause | PauseMarket | Determine | Dispute | Settle | Fees


def control_route(exchange: PaperExchange, clock: Callable[[], datetime]) -> Route:
    """Return the route that carries out control requests on *exchange* and, where it can be moved, its *clock*."""

    async def control(request: Request) -> Response:
        host = request.headers.get("host", "").rpartition(":")[0].strip("[]") or request.headers.get("host", "")
        json = request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"
        if not is_loopback(host) or (request.method == "POST" and not json):
            return JSONResponse({"error": "only application/json from this machine is heard"}, 403)
        try:
            if request.method == "POST":
                body = await request.body()
                if len(body) > MAX_BYTES:
                    return JSONResponse({"error": "body too large"}, 413)
                await asyncio.to_thread(_obey, exchange, clock, msgspec.json.decode(body, type=Order))
            return JSONResponse({"now": clock().isoformat()})
        except (KalshiError, msgspec.MsgspecError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return Route(PATH, control, methods=["GET", "POST"])


def _obey(exchange: PaperExchange, clock: Callable[[], datetime], order: Order) -> None:
    match order:
        case Clock():
            if not isinstance(clock, StepClock) or (order.to is None) == (order.advance_s is None):
                raise KalshiError("give one of to and advance_s, and serve with --clock stepped")
            clock.move_to(order.to or clock() + timedelta(seconds=order.advance_s or 0))
            with exchange.trading():  # what has become due happens now
                pass
        case Pause():
            exchange.pause(order.what)
        case PauseMarket():
            exchange.pause_market(order.ticker, order.paused)
        case Determine():
            exchange.determine(order.ticker, order.result, order.yes_value)
        case Dispute():
            exchange.dispute(order.ticker)
        case Settle():
            exchange.settle(order.ticker, order.result, order.yes_value)
        case Fees():
            exchange.schedule_fee_change(order.ticker, order.fee_type, order.multiplier, order.at)


def is_loopback(host: str) -> bool:
    """Return whether *host* is an address of this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
