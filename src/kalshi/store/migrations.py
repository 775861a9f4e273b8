"""What brings a database of an earlier version to the next one; each step is one function, run once."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from kalshi.store.schema import PERSON, RECONCILIATION, REDUCE_ONLY, notices, settlements


def _from_1_to_2(connection: Connection) -> None:
    """Keep settlements, and who set a lock."""
    settlements.create(connection)
    connection.execute(text("ALTER TABLE locks RENAME TO locks_1"))
    connection.execute(
        text(
            "CREATE TABLE locks (scope VARCHAR NOT NULL, set_by VARCHAR NOT NULL, reason TEXT NOT NULL, "
            "until VARCHAR, set_at VARCHAR NOT NULL, PRIMARY KEY (scope, set_by))"
        )
    )
    connection.execute(
        text(
            "INSERT INTO locks (scope, set_by, reason, until, set_at) "
            "SELECT scope, :person, reason, until, set_at FROM locks_1"
        ),
        {"person": PERSON},
    )
    connection.execute(text("DROP TABLE locks_1"))


def _from_2_to_3(connection: Connection) -> None:
    """Keep changes of orders on their way, exclusive events, how strict a lock is, and critical mails."""
    for column in ("amend_price", "amend_count", "amend_sent_at"):
        connection.execute(text(f"ALTER TABLE orders ADD COLUMN {column} VARCHAR"))
    connection.execute(text("ALTER TABLE orders ADD COLUMN exclusive BOOLEAN DEFAULT 0 NOT NULL"))
    connection.execute(text("ALTER TABLE locks ADD COLUMN mode VARCHAR DEFAULT 'stop' NOT NULL"))
    connection.execute(
        text("UPDATE locks SET mode = :mode WHERE set_by = :by"), {"mode": REDUCE_ONLY, "by": RECONCILIATION}
    )
    notices.create(connection)


# version -> the step that leads to the next one
MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _from_1_to_2, 2: _from_2_to_3}
