"""From bytes to typed answers: one object, pages of rows, and the answer of a write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from kalshi.errors import ConfigError, OutcomeUnknown, ResponseError
from kalshi.exchange.decode import BadRow, decode_one, decode_page
from kalshi.exchange.endpoints_base import Caller, Endpoint, Query, Value
from kalshi.exchange.models_orders import Request

log = logging.getLogger(__name__)

T = TypeVar("T")
Filters = Mapping[str, Value]
MAX_KEPT_BAD_ROWS = 1000
# Far more than any list of an account or a market has: beyond them the exchange only makes up cursors.
MAX_EMPTY_PAGES, MAX_PAGES = 20, 5_000


class Typed(Caller):
    """Typed requests on top of a caller.

    bad_rows: rows of pages that could not be read, with endpoint, ticker, field and reason; the rest of
    their page was delivered.
    """

    bad_rows: list[BadRow]

    def one(
        self,
        endpoint: Endpoint,
        kind: type[T],
        filters: Filters | None = None,
        *,
        key: str | None = None,
        usable: Callable[[bytes], bool] | None = None,
        **path: str,
    ) -> T:
        """Return the decoded answer of one read; ResponseError names what is missing or malformed.

        key: the field of the answer that holds it, where the answer wraps it in an object.
        """
        return decode_one(self.read(endpoint, filters, usable=usable, **path), kind, endpoint.label, key=key)

    def read(
        self,
        endpoint: Endpoint,
        filters: Filters | None = None,
        *,
        usable: Callable[[bytes], bool] | None = None,
        **path: str,
    ) -> bytes:
        """Return the bytes of one read."""
        self._need_key(endpoint)
        query = endpoint.query(filters or {})
        return self.get(endpoint.fill(**path), query, template=endpoint.path, usable=usable)

    def rows(
        self, endpoint: Endpoint, kind: type[T], name: str, filters: Filters | None = None, **path: str
    ) -> Iterator[T]:
        """Yield the rows called *name*, page by page until the cursor is empty.

        Arguments are checked at once, requests are made as the rows are read. Raises ResponseError on
        a cursor that came before, on 20 empty pages in a row and after 5,000 pages: going on would loop,
        stopping would cut the list short.
        """
        self._need_key(endpoint)
        return self.pages(endpoint, kind, name, endpoint.fill(**path), endpoint.query(filters or {}))

    def pages(self, endpoint: Endpoint, kind: type[T], name: str, path: str, query: Query) -> Iterator[T]:
        """Yield the rows of a query that is complete; `rows` is the usual way here."""
        seen: set[str] = set()
        cursor = ""
        empty = 0
        while True:
            params = [*query, ("cursor", cursor)] if cursor else query
            page = decode_page(self.get(path, params, template=endpoint.path), kind, endpoint.label, key=name)
            self._keep(page.bad_rows)
            yield from page.items
            cursor = page.cursor
            if not cursor or "cursor" not in endpoint.parameters:
                return
            empty = 0 if page.items or page.bad_rows else empty + 1
            trouble = "a cursor came twice" if cursor in seen else ""
            if empty > MAX_EMPTY_PAGES or len(seen) >= MAX_PAGES:
                trouble = "there is no end"
            if trouble:
                raise ResponseError(
                    f"{endpoint.label}: {trouble} after {len(seen)} pages: the list is incomplete",
                    method=endpoint.method,
                    path=path,
                )
            seen.add(cursor)

    def _keep(self, bad_rows: list[BadRow]) -> None:
        for row in bad_rows:
            log.warning("a row was set aside: %s", row)
        self.bad_rows.extend(bad_rows[: max(0, MAX_KEPT_BAD_ROWS - len(self.bad_rows))])

    def written(
        self,
        endpoint: Endpoint,
        kind: type[T],
        request: Request | Mapping[str, Any] | None,
        filters: Filters | None = None,
        *,
        key: str | None = None,
        items: int = 1,
        **path: str,
    ) -> T:
        """Return the decoded answer of one write.

        Raises OutcomeUnknown for a 2xx that can not be read: it was done, but what it did is not known.
        """
        body = self.write_only(endpoint, request, filters, items=items, **path)
        try:
            return decode_one(body, kind, endpoint.label, key=key)
        except ResponseError as error:
            raise OutcomeUnknown(
                f"{error}; it was accepted, but look it up before sending anything again",
                method=endpoint.method,
                path=endpoint.fill(**path),
                body=error.body,
            ) from None

    def write_only(
        self,
        endpoint: Endpoint,
        request: Request | Mapping[str, Any] | None = None,
        filters: Filters | None = None,
        *,
        items: int = 1,
        **path: str,
    ) -> bytes:
        """Send one write whose answer says nothing more than that it was accepted; return its bytes."""
        return self.write(
            endpoint.method,
            endpoint.fill(**path),
            endpoint.query(filters or {}),
            None if request is None else _json(endpoint, request),
            template=endpoint.path,
            items=items,
        )

    def _need_key(self, endpoint: Endpoint) -> None:
        if endpoint.signed and not self.can_sign:
            raise ConfigError(f"{endpoint.label} needs KALSHI_KEY_ID and a private key")


def _json(endpoint: Endpoint, request: Request | Mapping[str, Any]) -> bytes:
    try:
        return request.to_json() if isinstance(request, Request) else msgspec.json.encode(request)
    except ValueError as error:
        raise ConfigError(f"{endpoint.label}: {error}; nothing was sent") from None
