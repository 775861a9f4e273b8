"""Runs, orders, fills, locks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables of version 1."""
    op.create_table(
        "meta",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("job", sa.String, nullable=False, index=True),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", sa.String, nullable=False),
        sa.Column("ended_at", sa.String),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("exit_code", sa.Integer),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("client_order_id", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("strategy", sa.String, nullable=False),
        sa.Column("run_date", sa.String, nullable=False),
        sa.Column("event_ticker", sa.String, nullable=False, index=True),
        sa.Column("ticker", sa.String, nullable=False),
        sa.Column("side", sa.String, nullable=False),
        sa.Column("price", sa.String, nullable=False),
        sa.Column("count", sa.String, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("reduces", sa.Boolean, nullable=False),
        sa.Column("strike_type", sa.String),
        sa.Column("floor_strike", sa.String),
        sa.Column("cap_strike", sa.String),
        sa.Column("exchange_index", sa.Integer, nullable=False),
        sa.Column("fee_bound", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False, index=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("order_id", sa.String, index=True),
        sa.Column("filled", sa.String, nullable=False),
        sa.Column("remaining", sa.String, nullable=False),
        sa.Column("average_price", sa.String),
        sa.Column("fee", sa.String),
        sa.Column("created_at", sa.String, nullable=False, index=True),
        sa.Column("sent_at", sa.String),
        sa.Column("updated_at", sa.String, nullable=False),
    )
    op.create_table(
        "fills",
        sa.Column("fill_id", sa.String, primary_key=True),
        sa.Column("order_id", sa.String, nullable=False, index=True),
        sa.Column("ticker", sa.String, nullable=False, index=True),
        sa.Column("book_side", sa.String, nullable=False),
        sa.Column("count", sa.String, nullable=False),
        sa.Column("yes_price", sa.String, nullable=False),
        sa.Column("fee", sa.String, nullable=False),
        sa.Column("is_taker", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.String),
    )
    op.create_table(
        "locks",
        sa.Column("scope", sa.String, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", sa.String),
        sa.Column("set_at", sa.String, nullable=False),
    )
    op.execute("INSERT INTO meta (key, value) VALUES ('schema_version', '1')")
