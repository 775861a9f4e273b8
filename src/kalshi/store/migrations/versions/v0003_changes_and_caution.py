"""Changes of orders on their way, exclusive events, how strict a lock is, and critical mails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    """Add them; what a reconciliation locked may be closed."""
    for column in ("amend_price", "amend_count", "amend_sent_at"):
        op.add_column("orders", sa.Column(column, sa.String))
    op.add_column("orders", sa.Column("exclusive", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("locks", sa.Column("mode", sa.String, nullable=False, server_default="stop"))
    op.execute("UPDATE locks SET mode = 'reduce_only' WHERE set_by = 'reconciliation'")
    op.create_table(
        "notices",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("sent_at", sa.String, nullable=False),
    )
    op.execute("UPDATE meta SET value = '3' WHERE key = 'schema_version'")
