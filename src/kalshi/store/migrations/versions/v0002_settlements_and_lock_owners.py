"""Settlements, and who set a lock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add the table of settlements; locks so far were set by people."""
    op.create_table(
        "settlements",
        sa.Column("ticker", sa.String, primary_key=True),
        sa.Column("event_ticker", sa.String, nullable=False, index=True),
        sa.Column("result", sa.String, nullable=False),
        sa.Column("yes_count", sa.String, nullable=False),
        sa.Column("no_count", sa.String, nullable=False),
        sa.Column("revenue", sa.String, nullable=False),
        sa.Column("fee", sa.String, nullable=False),
        sa.Column("settled_at", sa.String, nullable=False),
    )
    op.rename_table("locks", "locks_1")
    op.create_table(
        "locks",
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("set_by", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", sa.String),
        sa.Column("set_at", sa.String, nullable=False),
        # PostgreSQL keeps the name locks_pkey for the renamed table.
        sa.PrimaryKeyConstraint("scope", "set_by", name="locks_scope_set_by"),
    )
    op.execute(
        "INSERT INTO locks (scope, set_by, reason, until, set_at) "
        "SELECT scope, 'person', reason, until, set_at FROM locks_1"
    )
    op.drop_table("locks_1")
    op.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
