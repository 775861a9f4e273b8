"""What brings a database of an earlier version to the next one; each step is one function, run once."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from kalshi.store.schema import PERSON, locks, settlements


def _from_1_to_2(connection: Connection) -> None:
    """Keep settlements, and who set a lock."""
    settlements.create(connection)
    connection.execute(text("ALTER TABLE locks RENAME TO locks_1"))
    locks.create(connection)
    connection.execute(
        text(
            "INSERT INTO locks (scope, set_by, reason, until, set_at) "
            "SELECT scope, :person, reason, until, set_at FROM locks_1"
        ),
        {"person": PERSON},
    )
    connection.execute(text("DROP TABLE locks_1"))


# version -> the step that leads to the next one
MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _from_1_to_2}
