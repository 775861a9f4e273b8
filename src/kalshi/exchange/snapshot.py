"""One event with its markets and books at one moment: what a bot caches and a paper exchange is fed with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from kalshi.errors import DataError
from kalshi.exchange.models_market import Event, Market, OrderBook, Series


class LadderSnapshot(msgspec.Struct, frozen=True):
    """A ladder as seen at `as_of` (aware UTC). source: where it is from, as reports name it."""

    source: str
    as_of: datetime
    series: Series
    event: Event
    markets: tuple[Market, ...]
    books: dict[str, OrderBook]

    def to_json(self) -> bytes:
        """Return the snapshot as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, text: bytes) -> LadderSnapshot:
        """Return the snapshot in *text*; DataError where it is not one."""
        try:
            snapshot: LadderSnapshot = _DECODER.decode(text)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise DataError(f"not a ladder snapshot: {error}") from None
        if snapshot.as_of.tzinfo is None:
            raise DataError("not a ladder snapshot: as_of has no time zone")
        return snapshot


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(LadderSnapshot)
