"""How much of an order is booked, whether it is still open, and what a settled contract was worth.

Version 4 is the first whose number Alembic keeps. `meta` stays with the number 4 in it, because a program of before
would otherwise take the database for an empty one.
"""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"

YES_VALUES = {"yes": "1", "no": "0"}


def upgrade() -> None:
    """Add the columns and fill them from what is there."""
    op.add_column("orders", sa.Column("booked", sa.String, nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("is_open", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("settlements", sa.Column("yes_value", sa.String))
    connection = op.get_bind()
    _orders(connection)
    for result, value in YES_VALUES.items():
        connection.execute(
            sa.text("UPDATE settlements SET yes_value = :value WHERE result = :result"),
            {"value": value, "result": result},
        )
    op.create_index("ix_orders_is_open", "orders", ["is_open"])
    op.create_index("ix_orders_ticker", "orders", ["ticker"])
    op.create_index("ix_fills_created_at", "fills", ["created_at"])
    op.execute("UPDATE meta SET value = '4' WHERE key = 'schema_version'")


def _orders(connection: sa.Connection) -> None:
    booked: dict[str, Decimal] = {}
    for order_id, count in connection.execute(sa.text("SELECT order_id, count FROM fills")):
        booked[order_id] = booked.get(order_id, Decimal(0)) + Decimal(count)
    rows = connection.execute(
        sa.text("SELECT client_order_id, order_id, state, filled, remaining, amend_sent_at FROM orders")
    ).all()
    changes = []
    for name, order_id, state, filled, remaining, amended in rows:
        count = booked.get(order_id, Decimal(0))
        accepted = state == "accepted" and (Decimal(remaining) > 0 or Decimal(filled) != count)
        is_open = state in ("sending", "unknown") or accepted or amended is not None
        changes.append({"name": name, "booked": f"{count:f}", "is_open": is_open})
    if changes:
        connection.execute(
            sa.text("UPDATE orders SET booked = :booked, is_open = :is_open WHERE client_order_id = :name"), changes
        )
