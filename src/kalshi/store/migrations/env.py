"""Run the steps inside the transaction of the caller, which holds the write lock and commits."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
