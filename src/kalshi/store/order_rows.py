"""Reading and writing rows of `orders` on a connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from kalshi.store.rows import OrderRow
from kalshi.store.schema import orders

_COLUMNS = [column for column in orders.c if column.name != "is_open"]
_NEWEST_FIRST = (orders.c.created_at.desc(), orders.c.client_order_id)
_name: ColumnElement[str] = orders.c.client_order_id
# Far below what SQLite (32,766) and PostgreSQL (65,535) take in one statement.
_MOST_VALUES = 5_000


def order_at(connection: Connection, client_order_id: str) -> OrderRow | None:
    """Return the row of an intent, None where there is none."""
    return next(iter(orders_where(connection, _name == client_order_id)), None)


def orders_where(
    connection: Connection, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[OrderRow]:
    """Return the rows that meet all conditions, newest first."""
    query = select(*_COLUMNS).where(*conditions).order_by(*_NEWEST_FIRST).limit(limit)
    return [OrderRow(**row) for row in connection.execute(query).mappings()]


def orders_in(connection: Connection, column: ColumnElement[Any], values: Iterable[str]) -> list[OrderRow]:
    """Return the rows whose *column* is one of *values*, however many these are."""
    return [row for some in in_groups(values) for row in orders_where(connection, column.in_(some))]


def in_groups(values: Iterable[str]) -> Iterator[list[str]]:
    """Yield the values in groups that fit into one statement."""
    every = list(values)
    for first in range(0, len(every), _MOST_VALUES):
        yield every[first : first + _MOST_VALUES]


def put(connection: Connection, row: OrderRow) -> None:
    """Write a row in place of the one with the same identity, if there is one."""
    connection.execute(delete(orders).where(_name == row.client_order_id))
    connection.execute(insert(orders).values(**row.values()))


def rewrite(connection: Connection, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Change some columns of rows: client_order_id -> column -> value. One that is not there is left out."""
    rows = [row.replace(**changes[row.client_order_id]) for row in orders_in(connection, _name, changes)]
    if rows:
        new = update(orders).where(_name == bindparam("of"))
        connection.execute(new, [{**row.values(), "of": row.client_order_id} for row in rows])
