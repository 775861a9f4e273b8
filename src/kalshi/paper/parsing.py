"""From bytes and query strings to checked requests; anything else is refused as the real exchange does.

Money and counts are strings on the wire: a JSON number in their place is a malformed body.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Annotated, Literal, TypeVar

import msgspec

from kalshi.paper.order_checks import Amendment, NewOrder, Route
from kalshi.paper.records import ONE, ZERO, Key
from kalshi.paper.refusals import bad_parameter, malformed, refused

T = TypeVar("T")

Dollars = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")]
Count = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$")]
Side = Literal["bid", "ask"]
_CLIENT_ORDER_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_HUNDREDTH = Decimal("0.01")
MAX_TIME = 253_402_300_799  # 9999-12-31, the last second a datetime can hold


class CreateBody(msgspec.Struct):
    ticker: str
    side: Side
    count: Count
    price: Dollars
    time_in_force: Literal["good_till_canceled", "immediate_or_cancel", "fill_or_kill"]
    self_trade_prevention_type: Literal["taker_at_cross", "maker"]
    client_order_id: str | None = None
    expiration_time: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_order_on_pause: bool = False
    subaccount: int | None = None
    order_group_id: str | None = None
    exchange_index: int | None = None


class AmendBody(msgspec.Struct):
    ticker: str
    side: Side
    price: Dollars
    count: Count
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    expiration_time: int | None = None
    exchange_index: int | None = None


class DecreaseBody(msgspec.Struct):
    reduce_by: Count | None = None
    reduce_to: Count | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class BatchCreateBody(msgspec.Struct):
    orders: list[msgspec.Raw]


class CancelItem(msgspec.Struct):
    order_id: str
    subaccount: int | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class BatchCancelBody(msgspec.Struct):
    orders: list[CancelItem]


class NettingBody(msgspec.Struct):
    subaccount_number: int
    enabled: bool


@dataclass(frozen=True)
class Request:
    """One authenticated request. query: every value of every name; names: parts of the path."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    now: datetime
    key: Key | None = None
    names: dict[str, str] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        """The member's id; only called where the route demands a signature."""
        assert self.key is not None
        return self.key.account_id

    def text(self, name: str, default: str = "") -> str:
        """Return a query parameter; 400 when it was given twice."""
        values = self.query.get(name, [default])
        if len(values) > 1:
            raise bad_parameter(f"{name}: given {len(values)} times")
        return values[0]

    def words(self, name: str, at_most: int = 100) -> list[str]:
        """Return a comma list, empty when the parameter is absent."""
        words = [word for word in self.text(name).split(",") if word]
        if len(words) > at_most:
            raise bad_parameter(f"{name}: at most {at_most} values")
        return words

    def integer(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number within low..high, None when absent; 400 otherwise."""
        if name not in self.query:
            return None
        text = self.text(name)
        if not re.fullmatch(r"-?[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise bad_parameter(f"{name}: expected a whole number from {low} to {high}")
        return int(text)

    def seconds(self, name: str) -> datetime | None:
        """Return a unix-seconds parameter as an aware time, None when absent."""
        value = self.integer(name, 0, MAX_TIME)
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def flag(self, name: str) -> bool:
        """Return a true/false parameter, false when absent."""
        text = self.text(name, "false").lower()
        if text not in ("true", "false"):
            raise bad_parameter(f"{name}: expected true or false")
        return text == "true"

    def choice(self, name: str, accepted: Sequence[str], default: str = "") -> str:
        """Return one of *accepted*, or *default* when absent."""
        text = self.text(name) or default
        if text and text not in accepted:
            raise bad_parameter(f"{name}: expected one of {', '.join(accepted)}")
        return text

    def page(self, items: Iterable[T], *, most: int, default: int = 100, least: int = 1) -> tuple[list[T], str]:
        """Return one page of *items*, of which no more than needed are taken, and the cursor of the next.

        The last cursor is empty. A limit out of range is a 400; a cursor that is not ours starts from the beginning.
        """
        limit = self.integer("limit", least, most)
        limit = default if limit is None else limit
        start = _offset(self.text("cursor"))
        end = start + limit
        found = list(islice(items, start, end + 1))
        more = len(found) > limit > 0
        return found[:limit], base64.urlsafe_b64encode(f"at:{end}".encode()).decode() if more else ""


def _offset(cursor: str) -> int:
    try:
        kind, _, number = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
    except (ValueError, binascii.Error):
        return 0
    return int(number) if kind == "at" and re.fullmatch(r"[0-9]{1,12}", number) else 0


def body_of(body: bytes, shape: type[T]) -> T:
    """Return the JSON body as *shape*, or refuse it as malformed."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.MsgspecError as error:
        raise malformed(str(error)) from None


def new_order(wire: CreateBody) -> NewOrder:
    """Return the checked create request; refuses what no market could accept."""
    return NewOrder(
        ticker=wire.ticker,
        side=wire.side,
        count=_size(wire.count),
        price=_price(wire.price),
        time_in_force=wire.time_in_force,
        self_trade_prevention=wire.self_trade_prevention_type,
        client_order_id=_client_order_id(wire.client_order_id),
        expires_at=_time(wire.expiration_time),
        post_only=wire.post_only,
        reduce_only=wire.reduce_only,
        cancel_on_pause=wire.cancel_order_on_pause,
        exchange_index=_shard(wire.exchange_index),
        group_id=wire.order_group_id or "",
    )


def amendment(wire: AmendBody) -> Amendment:
    """Return the checked amend request. expiration_time: omitted keeps, 0 clears, anything else sets."""
    return Amendment(
        ticker=wire.ticker,
        side=wire.side,
        price=_price(wire.price),
        count=_size(wire.count),
        client_order_id=wire.client_order_id or "",
        updated_client_order_id=_client_order_id(wire.updated_client_order_id),
        set_expiry=wire.expiration_time is not None,
        expires_at=_time(wire.expiration_time) if wire.expiration_time else None,
        exchange_index=_shard(wire.exchange_index),
    )


def reduction(wire: DecreaseBody) -> tuple[Decimal | None, Decimal | None]:
    """Return (reduce_by, reduce_to), exactly one of them set."""
    if (wire.reduce_by is None) == (wire.reduce_to is None):
        raise refused(400, "invalid_parameters", "invalid parameters", "give exactly one of reduce_by and reduce_to")
    if wire.reduce_by is not None:
        return _size(wire.reduce_by), None
    assert wire.reduce_to is not None
    return None, _size(wire.reduce_to, least=ZERO)


def route_of(market_ticker: str | None, exchange_index: int | None) -> Route:
    """Return where the request says its order is."""
    shard = _shard(exchange_index)
    if shard == -1 and not market_ticker:
        raise refused(400, "invalid_parameters", "invalid parameters", "exchange_index -1 needs market_ticker")
    return Route(market_ticker or "", shard)


def _price(text: str) -> Decimal:
    price = Decimal(text)
    if not ZERO < price < ONE:
        raise refused(400, "invalid_order", "invalid order", "price must be between 0 and 1 dollar")
    return price


def _size(text: str, least: Decimal = _HUNDREDTH) -> Decimal:
    count = Decimal(text)
    if count < least or count % _HUNDREDTH:
        raise refused(400, "invalid_order_size", "count must be positive, in steps of 0.01")
    return count


def _time(seconds: int | None) -> datetime | None:
    if seconds is None:
        return None
    if not 0 <= seconds <= MAX_TIME:
        raise refused(400, "invalid_parameters", "invalid parameters", "expiration_time is in unix seconds")
    return datetime.fromtimestamp(seconds, UTC)


def _shard(index: int | None) -> int | None:
    if index is not None and not -1 <= index <= 100:
        raise refused(400, "invalid_parameters", "invalid parameters", "exchange_index: expected -1 to 100")
    return index


def _client_order_id(text: str | None) -> str:
    if not text:
        return ""
    if not _CLIENT_ORDER_ID.match(text):
        raise refused(
            400,
            "invalid_parameters",
            "invalid parameters",
            "client_order_id: letters, digits, - and _, at most 64",
        )
    return text

