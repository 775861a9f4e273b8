"""Alembic's folder: `env.py` runs the steps of `versions/` on the connection that `kalshi.store.versions` hands it."""
