"""The order of fills of the same moment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    """Add the column; fills booked so far keep the order of their names."""
    op.add_column("fills", sa.Column("place", sa.Integer, nullable=False, server_default="0"))
