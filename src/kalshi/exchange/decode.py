"""Typed decoding straight from bytes: what is missing is named, and one bad row never costs its page."""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar

import msgspec

from kalshi.errors import ResponseError

T = TypeVar("T")
# The second for bytes that are no UTF-8, the third for thousands of nested brackets.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MISSING = re.compile(r"missing required field `(\w+)`")
_PLACE = re.compile(r"at `\$([^`]*)`")
_STEP = re.compile(r"\.?(\w+)|\[(\d+)\]")
_NAMES = ("ticker", "market_ticker", "event_ticker", "order_id")


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
    except _UNREADABLE as error:
        raise _response_error(error, body, endpoint) from None
    return decoded


def decode_page(body: bytes, kind: type[T], endpoint: str, *, key: str) -> Page[T]:
    """Return the rows under *key*; rows that can not be read come back as bad rows, not as an error.

    Raises ResponseError where the page itself is not a page.
    """
    try:
        page = _decoder(_page(kind, key)).decode(body)
    except _UNREADABLE:
        return _row_by_row(body, kind, endpoint, key)
    return Page(getattr(page, key) or [], page.cursor or "", [])


def _row_by_row(body: bytes, kind: type[T], endpoint: str, key: str) -> Page[T]:
    try:
        page = _decoder(_page(msgspec.Raw, key)).decode(body)
    except _UNREADABLE as error:
        raise _response_error(error, body, endpoint) from None
    items: list[T] = []
    bad: list[BadRow] = []
    for raw in getattr(page, key) or []:
        try:
            items.append(_decoder(kind).decode(raw))
        except _UNREADABLE as error:
            field, reason = _field_and_reason(error)
            bad.append(BadRow(endpoint, _name_of(bytes(raw), field), field, reason))
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


def _response_error(error: Exception, body: bytes, endpoint: str) -> ResponseError:
    field, reason = _field_and_reason(error)
    return ResponseError(
        f"{endpoint}: answer for {_name_of(body, field)}: field {field}: {reason}",
        path=endpoint,
        status=200,
        body=body[:300].decode("utf-8", "replace"),
    )


def _field_and_reason(error: Exception) -> tuple[str, str]:
    """Return the path of the field, such as `markets[3].status`, and what is wrong with it."""
    text = str(error)
    # A check of ours stands first with the field, the decoder appends where the object stands.
    places = [place.strip(".") for place in reversed(_PLACE.findall(text))]
    missing = _MISSING.search(text)
    if missing:
        places.append(missing.group(1))
    field = ".".join(place for place in places if place).replace(".[", "[")
    return field or "?", text.split(" - at `$")[0]


def _name_of(body: bytes, field: str) -> str:
    """Return what the row around *field* calls itself, `?` where it does not say."""
    try:
        here: Any = msgspec.json.decode(body)
    except _UNREADABLE:
        return "?"
    name = _own_name(here) or "?"
    for step in _STEP.finditer(field):
        word, number = step.groups()
        if isinstance(here, dict) and word in here:
            here = here[word]
        elif isinstance(here, list) and number is not None and int(number) < len(here):
            here = here[int(number)]
        else:
            break
        name = _own_name(here) or name
    return name


def _own_name(row: Any) -> str | None:
    named = (row.get(name) for name in _NAMES) if isinstance(row, dict) else ()
    return next((name for name in named if isinstance(name, str) and name), None)
