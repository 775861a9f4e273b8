"""What all endpoint methods stand on: one endpoint as data, and a caller that fetches bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from urllib.parse import quote

import msgspec

from kalshi.errors import ConfigError

Value = str | int | bool | Decimal | Iterable[str] | None
Query = list[tuple[str, str]]


class Endpoint(msgspec.Struct, frozen=True):
    """One endpoint: method, path with {placeholders}, whether it must be signed, query parameters."""

    method: str
    path: str
    signed: bool
    parameters: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How messages name the endpoint."""
        return f"{self.method} {self.path}"

    def fill(self, **values: str) -> str:
        """Return the path with its placeholders replaced.

        Raises ConfigError for an empty or dotted value: it would name another resource, and
        DELETE on the collection of orders cancels all of them.
        """
        for name, value in values.items():
            if not isinstance(value, str) or not value.strip() or value in (".", ".."):
                raise ConfigError(f"{self.method} {self.path}: {name}={value!r} names nothing")
        return self.path.format(**{name: quote(value, safe="") for name, value in values.items()})

    def query(self, filters: Mapping[str, Value]) -> Query:
        """Return the query of *filters*: None is left out, lists are joined by commas.

        Raises ConfigError for a name the endpoint does not know, suggesting the nearest.
        """
        for name in filters:
            if name not in self.parameters:
                import difflib  # only for people who mistyped: it would cost every start of a job

                near = difflib.get_close_matches(name, self.parameters, n=1)
                known = ", ".join(self.parameters) or "none"
                hint = f"did you mean {near[0]}?" if near else f"known: {known}"
                raise ConfigError(f"{self.method} {self.path} has no parameter {name}: {hint}")
        return [(name, _text(value)) for name, value in filters.items() if value is not None]


def names(value: Value) -> list[str]:
    """Return the single names of a filter that is a list or a text with commas."""
    if isinstance(value, str):
        return [name for name in value.split(",") if name]
    return [str(name) for name in value] if isinstance(value, Iterable) else []


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    return ",".join(value or ())


class Caller:
    """What endpoint methods need from the client below them; `KalshiClient` is the one that sends."""

    @property
    def can_sign(self) -> bool:
        """Whether requests carry a signature."""
        raise NotImplementedError

    def get(
        self,
        path: str,
        params: Query | None = None,
        *,
        template: str = "",
        usable: Callable[[bytes], bool] | None = None,
    ) -> bytes:
        """Return the body of one read."""
        raise NotImplementedError

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
        """Return the body of one write."""
        raise NotImplementedError
