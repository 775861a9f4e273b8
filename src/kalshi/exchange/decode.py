"""Typed decoding straight from bytes: what is missing is named, and one bad row never costs its page."""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar

import msgspec

from kalshi.errors import ResponseError

T = TypeVar("T")
_FIELD_OF_MESSAGE = re.compile(r"(?:missing required field `(?P<missing>\w+)`)|(?:at `\$(?P<path>[^`]*)`)")


class BadRow(msgspec.Struct, frozen=True):
    """A row that was set aside: where it came from, which market or order it was, and what is wrong."""

    endpoint: str
    ticker: str
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.endpoint}: row {self.ticker}: field {self.field}: {self.reason}"


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of rows; cursor is empty on the last one."""

    items: list[T]
    cursor: str
    bad_rows: list[BadRow]


def decode_one(body: bytes, kind: type[T], endpoint: str, *, key: str | None = None) -> T:
    """Return the object in *body*, or the one under its *key*.

    Raises ResponseError that names endpoint, ticker and field.
    """
    try:
        decoded: T = (
            _decoder(kind).decode(body)
            if key is None
            else getattr(_decoder(_envelope(kind, key)).decode(body), key)
        )
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _response_error(error, body, endpoint, key) from None
    return decoded


def decode_page(body: bytes, kind: type[T], endpoint: str, *, key: str) -> Page[T]:
    """Return the rows under *key*; rows that can not be read come back as bad rows, not as an error.

    Raises ResponseError where the page itself is not a page.
    """
    try:
        page = _decoder(_page(kind, key)).decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return _row_by_row(body, kind, endpoint, key)
    return Page(getattr(page, key) or [], page.cursor or "", [])


def _row_by_row(body: bytes, kind: type[T], endpoint: str, key: str) -> Page[T]:
    try:
        page = _decoder(_page(msgspec.Raw, key)).decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _response_error(error, body, endpoint, None) from None
    items: list[T] = []
    bad: list[BadRow] = []
    for raw in getattr(page, key) or []:
        try:
            items.append(_decoder(kind).decode(raw))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            field, reason = _field_and_reason(error)
            bad.append(BadRow(endpoint, _name_of(bytes(raw)), field, reason))
    return Page(items, page.cursor or "", bad)


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    found = _decoders.get(kind)
    if found is None:
        found = _decoders[kind] = msgspec.json.Decoder(kind)
    return found


_shells: dict[tuple[str, Any, str], type[msgspec.Struct]] = {}


def _page(kind: Any, key: str) -> type[msgspec.Struct]:
    """Return the struct `{key: [kind], cursor}`."""
    found = _shells.get(("page", kind, key))
    if found is None:
        fields: list[Any] = [(key, list[kind] | None), ("cursor", str | None, None)]
        found = _shells["page", kind, key] = msgspec.defstruct(f"PageOf_{key}", fields)
    return found


def _envelope(kind: Any, key: str) -> type[msgspec.Struct]:
    """Return the struct `{key: kind}`."""
    found = _shells.get(("envelope", kind, key))
    if found is None:
        found = _shells["envelope", kind, key] = msgspec.defstruct(f"EnvelopeOf_{key}", [(key, kind)])
    return found


def _response_error(error: Exception, body: bytes, endpoint: str, key: str | None) -> ResponseError:
    field, reason = _field_and_reason(error)
    name = _name_of(body, key)
    return ResponseError(
        f"{endpoint}: answer for {name}: field {field}: {reason}",
        path=endpoint,
        status=200,
        body=body[:300].decode("utf-8", "replace"),
    )


def _field_and_reason(error: Exception) -> tuple[str, str]:
    text = str(error)
    found = [match.group("missing") or match.group("path") for match in _FIELD_OF_MESSAGE.finditer(text)]
    missing = next((m.group("missing") for m in _FIELD_OF_MESSAGE.finditer(text) if m.group("missing")), None)
    field = missing or next((path.strip(".") for path in found if path), "?")
    return field, text.split(" - at `$")[0]


class _Named(msgspec.Struct):
    ticker: Any = None
    event_ticker: Any = None
    market_ticker: Any = None
    order_id: Any = None


def _name_of(body: bytes, key: str | None = None) -> str:
    """Return what the row calls itself, `?` where it does not say."""
    try:
        named: Any = _decoder(_envelope(_Named, key) if key else _Named).decode(body)
        named = getattr(named, key) if key else named
    except (msgspec.DecodeError, msgspec.ValidationError):
        return "?"
    names = (named.ticker, named.market_ticker, named.event_ticker, named.order_id)
    return next((name for name in names if isinstance(name, str) and name), "?")
